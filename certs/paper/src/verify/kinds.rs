//! Which kind each object of a file is of, from the trailer on.

use super::error::NotGenuine;
use super::shape::Holds::{
    All, AnyName, Bytes, Children, Flag, Id, In, Name, NameList, Named, Names, Number, Numbered,
    Numbers, To,
};
use super::shape::{Holds, Kind, Shape, dict, shape};
use crate::pdf::{Dict, File, Object};

/// Which kind each object is of.
pub(super) struct Kinds<'a> {
    file: &'a File,
    kinds: Vec<Option<Kind>>,
    to_do: Vec<(usize, Kind)>,
}

impl<'a> Kinds<'a> {
    /// Finds the kind of every object, from the trailer on. Each is of one, and has its shape.
    pub(super) fn of(file: &'a File) -> Result<Self, NotGenuine> {
        let kinds = vec![None; file.objects.len()];
        let mut found = Self { file, kinds, to_do: Vec::new() };
        const TRAILER: &[(&str, Holds)] =
            &[("Root", To(Kind::Catalogue)), ("Info", To(Kind::Info)), ("ID", Id)];
        found.members(0, &file.trailer, &dict(TRAILER, &[]))?;
        while let Some((number, kind)) = found.to_do.pop() {
            found.object(number, kind)?;
        }
        match found.kinds.iter().position(Option::is_none) {
            Some(place) => Err(NotGenuine::Unused(place + 1)),
            None => Ok(found),
        }
    }

    /// All objects of a kind.
    pub(super) fn all(&self, kind: Kind) -> Vec<usize> {
        let is = |(_, of): &(usize, &Option<Kind>)| **of == Some(kind);
        self.kinds.iter().enumerate().filter(is).map(|(place, _)| place + 1).collect()
    }

    /// The only one of a kind.
    pub(super) fn only(&self, kind: Kind) -> Option<usize> {
        match self.all(kind).as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }

    fn object(&mut self, number: usize, kind: Kind) -> Result<(), NotGenuine> {
        let refuse = || NotGenuine::Object { object: number, key: format!("{kind:?}") };
        let object = self.file.object(number).ok_or_else(refuse)?;
        match (kind, object) {
            (Kind::OutputIntents, Object::Array(items)) => {
                self.each(number, "OutputIntents", items, Kind::OutputIntent)
            }
            (Kind::Parents, Object::Array(items)) => {
                self.each(number, "ParentTree", items, Kind::Element)
            }
            (Kind::ColourSpace, Object::Array(items)) => match items.as_slice() {
                [Object::Name(name), Object::Reference(profile)] if name == "ICCBased" => {
                    self.refer(*profile, Kind::Profile, number, name)
                }
                _ => Err(refuse()),
            },
            (Kind::OutputIntents | Kind::Parents | Kind::ColourSpace, _) => Err(refuse()),
            (_, Object::Dict(members)) if !shape(kind).is_stream => {
                self.members(number, members, &shape(kind))
            }
            (_, Object::Stream(stream)) if shape(kind).is_stream => {
                self.members(number, &stream.dict, &shape(kind))
            }
            _ => Err(refuse()),
        }
    }

    fn members(&mut self, number: usize, dict: &Dict, shape: &Shape) -> Result<(), NotGenuine> {
        let refuse = |key: &str| NotGenuine::Object { object: number, key: key.to_owned() };
        if let Some((key, _)) = shape.must.iter().find(|(key, _)| dict.get(key).is_none()) {
            return Err(refuse(key));
        }
        for (key, value) in &dict.0 {
            let known = shape.must.iter().chain(shape.can).find(|(name, _)| name == key);
            let any = shape.can.iter().find(|(name, _)| *name == "*");
            let (_, holds) = known.or(any).ok_or_else(|| refuse(key))?;
            self.holds(number, key, value, *holds)?;
        }
        Ok(())
    }

    fn holds(
        &mut self,
        number: usize,
        key: &str,
        value: &Object,
        holds: Holds,
    ) -> Result<(), NotGenuine> {
        let is = match (holds, value) {
            (Name(names), Object::Name(name)) => names.contains(&name.as_str()),
            (AnyName | Names, Object::Name(_)) | (Number, Object::Number(_)) => true,
            (Bytes, Object::Bytes(_)) => true,
            (Numbers, Object::Array(items)) => items.iter().all(|item| item.number().is_some()),
            (NameList, Object::Array(items)) => items.iter().all(|item| item.as_name().is_some()),
            (Flag(wanted), Object::Bool(flag)) => wanted == *flag,
            (Id, Object::Array(items)) => {
                items.len() == 2 && items.iter().all(|item| item.as_bytes().is_some())
            }
            (To(kind), Object::Reference(to)) => return self.refer(*to, kind, number, key),
            (All(kind), Object::Array(items)) => return self.each(number, key, items, kind),
            (In(kind), Object::Dict(dict)) => return self.members(number, dict, &shape(kind)),
            (In(Kind::Attributes), Object::Array(items)) => {
                return items
                    .iter()
                    .try_for_each(|item| self.holds(number, key, item, In(Kind::Attributes)));
            }
            (Named(kind), Object::Dict(dict)) => {
                return dict
                    .0
                    .iter()
                    .try_for_each(|(name, value)| self.holds(number, name, value, To(kind)));
            }
            (Children, Object::Array(items)) => {
                return items.iter().try_for_each(|item| self.child(number, item));
            }
            (Children, child) => return self.child(number, child),
            (Numbered, Object::Array(items)) => {
                return items.chunks(2).try_for_each(|pair| match pair {
                    [Object::Number(_), Object::Reference(to)] => {
                        self.refer(*to, Kind::Parents, number, key)
                    }
                    _ => Err(NotGenuine::Object { object: number, key: key.to_owned() }),
                });
            }
            _ => false,
        };
        if is { Ok(()) } else { Err(NotGenuine::Object { object: number, key: key.to_owned() }) }
    }

    fn child(&mut self, number: usize, child: &Object) -> Result<(), NotGenuine> {
        match child {
            Object::Number(_) => Ok(()),
            Object::Dict(dict) => self.members(number, dict, &shape(Kind::Reference)),
            Object::Reference(to) => self.refer(*to, Kind::Element, number, "K"),
            _ => Err(NotGenuine::Object { object: number, key: "K".to_owned() }),
        }
    }

    fn each(
        &mut self,
        number: usize,
        key: &str,
        items: &[Object],
        kind: Kind,
    ) -> Result<(), NotGenuine> {
        items.iter().try_for_each(|item| match item {
            Object::Reference(to) => self.refer(*to, kind, number, key),
            _ => Err(NotGenuine::Object { object: number, key: key.to_owned() }),
        })
    }

    /// An object is of one kind wherever it is referred to from; only a parent of elements can be
    /// the root of them.
    fn refer(&mut self, to: usize, kind: Kind, number: usize, key: &str) -> Result<(), NotGenuine> {
        let refuse = || NotGenuine::Object { object: number, key: key.to_owned() };
        let place = to.checked_sub(1).and_then(|at| self.kinds.get_mut(at)).ok_or_else(refuse)?;
        match place {
            Some(known) if *known == kind => Ok(()),
            Some(Kind::StructureRoot) if kind == Kind::Element && key == "P" => Ok(()),
            Some(_) => Err(refuse()),
            None => {
                *place = Some(kind);
                self.to_do.push((to, kind));
                Ok(())
            }
        }
    }
}
