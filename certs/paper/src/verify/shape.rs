//! Which objects a paper consists of: for each kind, the keys that it has, and what each holds. An
//! object is of the kind that the place says from which it is referred to. There is no place for an
//! action, a script, a form, another file or a layer.

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
pub(super) enum Holds {
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
    All, AnyName, Bytes, Children, Flag, In, Name, NameList, Named, Names, Number, Numbered,
    Numbers, To,
};

/// The keys that an object must have, and those that it can have.
pub(super) struct Shape {
    pub(super) is_stream: bool,
    pub(super) must: &'static [(&'static str, Holds)],
    pub(super) can: &'static [(&'static str, Holds)],
}

pub(super) const fn dict(
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

/// The shape of a kind.
pub(super) fn shape(kind: Kind) -> Shape {
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
