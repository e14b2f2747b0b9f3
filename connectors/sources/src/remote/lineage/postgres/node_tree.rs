//! The text of a tree, as PostgreSQL writes it: a node is `{NAME :field value :field value}`; a
//! value is a node, a list in brackets or a word, in which `\` precedes a character that would
//! end it.

/// The type of truth values.
pub const BOOL: u32 = 16;
/// Nodes within one another.
const DEEPEST: usize = 200;

/// A whole text; none is one that ends before its end, or after it.
pub fn read(text: &str) -> Option<Item> {
    let words = words(text);
    let mut reader = Reader { words: &words, at: 0 };
    let item = reader.item(0)?;
    (reader.at == words.len()).then_some(item)
}

/// What a tree is made of.
#[derive(Debug)]
pub enum Item {
    /// With a name.
    Node(Node),
    /// In brackets.
    List(Vec<Item>),
    /// Anything else.
    Word(String),
}

#[derive(Debug)]
pub struct Node {
    /// In capitals.
    pub name: String,
    /// As they come.
    pub fields: Vec<(String, Item)>,
}

impl Item {
    pub fn word(&self) -> Option<&str> {
        if let Self::Word(word) = self { Some(word) } else { None }
    }

    pub fn nodes(&self) -> Vec<&Node> {
        match self {
            Self::Node(node) => vec![node],
            Self::List(items) => items.iter().flat_map(Self::nodes).collect(),
            Self::Word(_) => Vec::new(),
        }
    }
}

impl Node {
    pub fn field(&self, name: &str) -> Option<&Item> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, item)| item)
    }

    pub fn number(&self, name: &str) -> Option<u32> {
        self.field(name)?.word()?.parse().ok()
    }

    /// The type of an expression's value.
    pub fn kind(&self) -> Option<u32> {
        match self.name.as_str() {
            "VAR" => self.number("vartype"),
            "CONST" => self.number("consttype"),
            "OPEXPR" | "NULLIFEXPR" => self.number("opresulttype"),
            "FUNCEXPR" => self.number("funcresulttype"),
            "RELABELTYPE" | "COERCEVIAIO" => self.number("resulttype"),
            "CASE" | "CASEEXPR" => self.number("casetype"),
            "CASETESTEXPR" => self.number("typeId"),
            "COALESCE" | "COALESCEEXPR" => self.number("coalescetype"),
            "DISTINCTEXPR" | "SCALARARRAYOPEXPR" | "BOOLEXPR" | "NULLTEST" | "BOOLEANTEST" => {
                Some(BOOL)
            }
            _ => None,
        }
    }
}

/// Brackets by themselves, and what is between them and blanks.
fn words(tree: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let mut chars = tree.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                word.push(c);
                word.extend(chars.next());
            }
            '(' | ')' | '{' | '}' | ' ' | '\t' => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                if !c.is_whitespace() {
                    words.push(c.to_string());
                }
            }
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

struct Reader<'a> {
    words: &'a [String],
    at: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<&str> {
        let word = self.words.get(self.at)?;
        self.at += 1;
        Some(word)
    }

    fn peek(&self) -> Option<&str> {
        self.words.get(self.at).map(String::as_str)
    }

    fn item(&mut self, depth: usize) -> Option<Item> {
        if depth > DEEPEST {
            return None;
        }
        let word = self.next()?.to_owned();
        match word.as_str() {
            "(" => {
                let mut items = Vec::new();
                while self.peek()? != ")" {
                    items.push(self.item(depth + 1)?);
                }
                self.next()?;
                Some(Item::List(items))
            }
            "{" => self.node(depth).map(Item::Node),
            ")" | "}" => None,
            _ => Some(Item::Word(word)),
        }
    }

    fn node(&mut self, depth: usize) -> Option<Node> {
        let name = self.next()?.to_owned();
        let mut fields = Vec::new();
        while self.peek()? != "}" {
            let field = self.next()?.strip_prefix(':')?.to_owned();
            // The first word behind a field is its value, in any form.
            let value = self.item(depth + 1)?;
            // Only a constant's bytes are several.
            if field == "constvalue" && self.peek() == Some("[") {
                while self.next()? != "]" {}
            }
            fields.push((field, value));
        }
        self.next()?;
        Some(Node { name, fields })
    }
}
