//! Which objects a paper consists of: for each kind, the keys that it has, and what each holds. An
//! object is of the kind that the place says from which it is referred to. There is no place for an
//! action, a script, a form, another file or a layer.

use super::error::NotGenuine;
use crate::pdf::{Dict, File, Object};

/// A kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Catalogue,
    Info,
    Metadata,
    OutputIntents,
    OutputIntent,
    Profile,
    Pages,
    Page,
    Resources,
    ColourSpace,
    Content,
    Font,
    Descendant,
    Descriptor,
    FontProgram,
    CidSet,
    ToUnicode,
    Image,
    Mask,
    StructureRoot,
    Element,
    Parents,
    Field,
    Signature,
    Record,
    // Dictionaries within others.
    MarkInfo,
    AcroForm,
    PieceInfo,
    RecordData,
    RoleMap,
    ParentTree,
    Reference,
    Attributes,
    SystemInfo,
}

/// What a key holds.
#[derive(Clone, Copy)]
enum Holds {
    Name(&'static [&'static str]),
    AnyName,
    Number,
    Numbers,
    Bytes,
    Flag(bool),
    /// A reference to one.
    To(Kind),
    /// References to some.
    All(Kind),
    /// One within.
    In(Kind),
    /// References to some, by names that the content uses.
    Named(Kind),
    /// Names for names.
    Names,
    /// The children of an element.
    Children,
    /// Numbers and references to lists, by turns.
    Numbered,
    /// Names in a list.
    NameList,
    /// Two texts.
    Id,
}

use Holds::{
    All, AnyName, Bytes, Children, Flag, Id, In, Name, NameList, Named, Names, Number, Numbered,
    Numbers, To,
};

/// The keys that an object must have, and those that it can have.
struct Shape {
    is_stream: bool,
    must: &'static [(&'static str, Holds)],
    can: &'static [(&'static str, Holds)],
}

const fn dict(
    must: &'static [(&'static str, Holds)],
    can: &'static [(&'static str, Holds)],
) -> Shape {
    Shape { is_stream: false, must, can }
}

const fn stream(
    must: &'static [(&'static str, Holds)],
    can: &'static [(&'static str, Holds)],
) -> Shape {
    Shape { is_stream: true, must, can }
}

const FLATE: (&str, Holds) = ("Filter", Name(&["FlateDecode"]));

fn shape(kind: Kind) -> Shape {
    match kind {
        Kind::Catalogue => dict(
            &[
                ("Type", Name(&["Catalog"])),
                ("Pages", To(Kind::Pages)),
                ("Metadata", To(Kind::Metadata)),
                ("OutputIntents", To(Kind::OutputIntents)),
                ("Lang", Bytes),
                ("StructTreeRoot", To(Kind::StructureRoot)),
                ("MarkInfo", In(Kind::MarkInfo)),
                ("PieceInfo", In(Kind::PieceInfo)),
                ("AcroForm", In(Kind::AcroForm)),
            ],
            &[],
        ),
        Kind::Info => dict(
            &[("Title", Bytes), ("Producer", Bytes), ("ModDate", Bytes), ("CreationDate", Bytes)],
            &[],
        ),
        Kind::Metadata => {
            stream(&[("Type", Name(&["Metadata"])), ("Subtype", Name(&["XML"]))], &[])
        }
        Kind::OutputIntents | Kind::Parents => dict(&[], &[]),
        Kind::OutputIntent => dict(
            &[
                ("Type", Name(&["OutputIntent"])),
                ("DestOutputProfile", To(Kind::Profile)),
                ("S", Name(&["GTS_PDFA1"])),
                ("OutputConditionIdentifier", Bytes),
                ("OutputCondition", Bytes),
                ("RegistryName", Bytes),
                ("Info", Bytes),
            ],
            &[],
        ),
        Kind::Profile => stream(&[("N", Number)], &[("Range", Numbers), FLATE]),
        Kind::Pages => {
            dict(&[("Type", Name(&["Pages"])), ("Count", Number), ("Kids", All(Kind::Page))], &[])
        }
        Kind::Page => dict(
            &[
                ("Type", Name(&["Page"])),
                ("Resources", To(Kind::Resources)),
                ("MediaBox", Numbers),
                ("StructParents", Number),
                ("Parent", To(Kind::Pages)),
                ("Contents", To(Kind::Content)),
            ],
            &[("Annots", All(Kind::Field))],
        ),
        Kind::Resources => dict(
            &[
                ("ProcSet", NameList),
                ("ColorSpace", Named(Kind::ColourSpace)),
                ("Font", Named(Kind::Font)),
            ],
            &[("XObject", Named(Kind::Image))],
        ),
        Kind::ColourSpace => dict(&[], &[]),
        Kind::Content | Kind::CidSet => stream(&[FLATE], &[]),
        Kind::Font => dict(
            &[
                ("Type", Name(&["Font"])),
                ("Subtype", Name(&["Type0"])),
                ("BaseFont", AnyName),
                ("Encoding", Name(&["Identity-H"])),
                ("DescendantFonts", All(Kind::Descendant)),
                ("ToUnicode", To(Kind::ToUnicode)),
            ],
            &[],
        ),
        Kind::Descendant => dict(
            &[
                ("Type", Name(&["Font"])),
                ("Subtype", Name(&["CIDFontType0", "CIDFontType2"])),
                ("BaseFont", AnyName),
                ("CIDSystemInfo", In(Kind::SystemInfo)),
                ("FontDescriptor", To(Kind::Descriptor)),
                ("DW", Number),
                ("W", Numbers),
            ],
            &[("CIDToGIDMap", Name(&["Identity"]))],
        ),
        Kind::SystemInfo => {
            dict(&[("Registry", Bytes), ("Ordering", Bytes), ("Supplement", Number)], &[])
        }
        Kind::Descriptor => dict(
            &[
                ("Type", Name(&["FontDescriptor"])),
                ("FontName", AnyName),
                ("Flags", Number),
                ("FontBBox", Numbers),
                ("ItalicAngle", Number),
                ("Ascent", Number),
                ("Descent", Number),
                ("CapHeight", Number),
                ("StemV", Number),
                ("CIDSet", To(Kind::CidSet)),
            ],
            &[("FontFile2", To(Kind::FontProgram)), ("FontFile3", To(Kind::FontProgram))],
        ),
        Kind::FontProgram => stream(&[FLATE], &[("Subtype", Name(&["CIDFontType0C"]))]),
        Kind::ToUnicode => stream(&[("Type", Name(&["CMap"])), ("WMode", Number), FLATE], &[]),
        Kind::Image => stream(
            &[
                ("Type", Name(&["XObject"])),
                ("Subtype", Name(&["Image"])),
                ("Width", Number),
                ("Height", Number),
                ("ColorSpace", To(Kind::ColourSpace)),
                ("BitsPerComponent", Number),
                FLATE,
            ],
            &[("SMask", To(Kind::Mask))],
        ),
        Kind::Mask => stream(
            &[
                ("Type", Name(&["XObject"])),
                ("Subtype", Name(&["Image"])),
                ("Width", Number),
                ("Height", Number),
                ("ColorSpace", Name(&["DeviceGray"])),
                ("BitsPerComponent", Number),
                FLATE,
            ],
            &[],
        ),
        Kind::StructureRoot => dict(
            &[
                ("Type", Name(&["StructTreeRoot"])),
                ("RoleMap", In(Kind::RoleMap)),
                ("K", All(Kind::Element)),
                ("ParentTree", In(Kind::ParentTree)),
                ("ParentTreeNextKey", Number),
            ],
            &[],
        ),
        Kind::Element => dict(
            &[
                ("S", Name(&["Document", "H1", "P", "Table", "TR", "TH", "TD", "Figure"])),
                ("P", To(Kind::Element)),
                ("K", Children),
            ],
            &[
                ("Type", Name(&["StructElem"])),
                ("Pg", To(Kind::Page)),
                ("Alt", Bytes),
                ("A", In(Kind::Attributes)),
            ],
        ),
        Kind::Attributes => dict(&[("O", Name(&["Table"])), ("Scope", Name(&["Column"]))], &[]),
        Kind::RoleMap => dict(&[], &[("*", Names)]),
        Kind::ParentTree => dict(&[("Nums", Numbered)], &[]),
        Kind::Reference => {
            dict(&[("Type", Name(&["MCR"])), ("MCID", Number), ("Pg", To(Kind::Page))], &[])
        }
        Kind::Field => dict(
            &[
                ("Type", Name(&["Annot"])),
                ("Subtype", Name(&["Widget"])),
                ("FT", Name(&["Sig"])),
                ("T", Bytes),
                ("F", Number),
                ("Rect", Numbers),
                ("P", To(Kind::Page)),
                ("V", To(Kind::Signature)),
            ],
            &[],
        ),
        Kind::Signature => dict(
            &[
                ("Type", Name(&["Sig"])),
                ("Filter", Name(&["Adobe.PPKLite"])),
                ("SubFilter", Name(&["ETSI.CAdES.detached"])),
                ("M", Bytes),
                ("Contents", Bytes),
                ("ByteRange", Numbers),
            ],
            &[],
        ),
        Kind::Record => stream(&[("Type", Name(&["ZerotripRecord"]))], &[]),
        Kind::MarkInfo => dict(&[("Marked", Flag(true)), ("Suspects", Flag(false))], &[]),
        Kind::AcroForm => dict(&[("Fields", All(Kind::Field)), ("SigFlags", Number)], &[]),
        Kind::PieceInfo => dict(&[("Zerotrip", In(Kind::RecordData))], &[]),
        Kind::RecordData => dict(&[("LastModified", Bytes), ("Private", To(Kind::Record))], &[]),
    }
}

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
