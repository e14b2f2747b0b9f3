//! The tree of a view, as PostgreSQL keeps it in `pg_rewrite`: read node by node and field by
//! field. What is not known here is named.

use std::collections::BTreeSet;

use super::allowed_nodes::{NODES, is_field, said};
use super::functions::{BPCHAR, Functions, TEXT, VARCHAR, WRITTEN_ALIKE};
use super::node_tree::{Item, Node};

/// What a tree uses that is not known; none is one that could not be read.
pub fn unknown(tree: Option<&Item>, known: &Functions) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    match tree {
        Some(item) => look(item, known, &mut found),
        None => {
            found.insert("a text that ends before its end".to_owned());
        }
    }
    found
}

fn look(item: &Item, known: &Functions, found: &mut BTreeSet<String>) {
    match item {
        Item::Word(_) => {}
        Item::List(items) => items.iter().for_each(|item| look(item, known, found)),
        Item::Node(node) => {
            found.extend(of_node(node, known));
            match NODES.iter().find(|(name, _)| *name == node.name) {
                None => {
                    found.insert(
                        said(&node.name).unwrap_or_else(|| format!("the node `{}`", node.name)),
                    );
                }
                // What follows the first such field belongs to the same construct.
                Some((_, fields)) => {
                    let odd = node.fields.iter().find(|(name, item)| !is_field(fields, name, item));
                    found.extend(odd.map(|(name, _)| {
                        said(name)
                            .unwrap_or_else(|| format!("`{name}` of the node `{}`", node.name))
                    }));
                }
            }
            node.fields.iter().for_each(|(_, item)| look(item, known, found));
        }
    }
}

/// What a node's name and fields do not show.
fn of_node(node: &Node, known: &Functions) -> Vec<String> {
    let mut found = Vec::new();
    let arguments = || node.field("args").map(Item::nodes).unwrap_or_default();
    match node.name.as_str() {
        // 0 is the whole row, and below it are `ctid`, `xmin` and what else shows where and how
        // a row is kept.
        "VAR" if node.number("varattno").is_none_or(|number| number == 0) => {
            found.push(
                "a column of the system's own, such as `ctid` or `xmin`, or a whole row".to_owned(),
            );
        }
        "FUNCEXPR" => {
            let given: Vec<Option<u32>> = arguments().iter().map(|one| one.kind()).collect();
            found.extend(known.calls(node.number("funcid"), &given));
        }
        "OPEXPR" | "DISTINCTEXPR" | "NULLIFEXPR" | "SCALARARRAYOPEXPR" => {
            found.extend(known.operates(node.number("opno")))
        }
        "SORTGROUPCLAUSE" => {
            let operators = ["eqop", "sortop"].map(|name| node.number(name));
            found.extend(
                operators
                    .into_iter()
                    .filter(|number| *number != Some(0))
                    .filter_map(|number| known.operates(number)),
            );
        }
        "COERCEVIAIO" => {
            let from = node
                .field("arg")
                .map(Item::nodes)
                .and_then(|nodes| nodes.first().and_then(|node| node.kind()));
            if ![from, node.kind()]
                .iter()
                .all(|kind| kind.is_some_and(|kind| WRITTEN_ALIKE.contains(&kind)))
            {
                found.push(
                    "a cast between a text and a type that is written as the session says, such \
                     as a date"
                        .to_owned(),
                );
            }
        }
        "QUERY" => found.extend(of_query(node).into_iter().chain(of_union(node))),
        _ => {}
    }
    found
}

/// `only` leaves out the rows of child tables.
fn of_query(query: &Node) -> Option<String> {
    let tables = query.field("rtable").map(Item::nodes).unwrap_or_default();
    let mut named = Vec::new();
    for from in ["jointree", "setOperations"] {
        query.field(from).into_iter().for_each(|item| references(item, &mut named));
    }
    let is_whole = |number: &Option<u32>| {
        let table =
            number.and_then(|number| tables.get(usize::try_from(number).ok()?.checked_sub(1)?));
        table.is_some_and(|table| {
            let word = |name| table.field(name).and_then(Item::word);
            word("rtekind") != Some("0") || word("inh") == Some("true")
        })
    };
    (!named.iter().all(is_whole)).then(|| "`only`".to_owned())
}

/// A `union` whose queries give a column in different types: what is made of one to be the other, a
/// moment of a date, say, is in no node, and goes by the session.
fn of_union(query: &Node) -> Option<String> {
    let union = query.field("setOperations").filter(|item| !item.nodes().is_empty())?;
    let tables = query.field("rtable").map(Item::nodes).unwrap_or_default();
    let mut places = Vec::new();
    references(union, &mut places);
    let mut stated = Vec::new();
    column_types(union, &mut stated);
    let given = places.iter().map(|place| {
        let at = usize::try_from((*place)?).ok()?.checked_sub(1)?;
        let inner = tables.get(at)?.field("subquery")?.nodes();
        let shown = inner.first()?.field("targetList")?.nodes();
        let shown = shown
            .iter()
            .filter(|entry| entry.field("resjunk").and_then(Item::word) != Some("true"));
        shown.map(|entry| entry.field("expr")?.nodes().first()?.kind().map(written)).collect()
    });
    let all: Option<Vec<Vec<u32>>> = given.chain(stated).collect();
    let is_alike = all.is_some_and(|all| {
        all.len() > 2 && all.windows(2).all(|pair| matches!(pair, [one, two] if one == two))
    });
    (!is_alike).then(|| "a `union` of columns of different types".to_owned())
}

/// One type for all texts, of which one is made of another as it is.
fn written(kind: u32) -> u32 {
    if [VARCHAR, BPCHAR].contains(&kind) { TEXT } else { kind }
}

/// The types that a `union`, and those within it, say that they give.
fn column_types(item: &Item, into: &mut Vec<Option<Vec<u32>>>) {
    for node in item.nodes().into_iter().filter(|node| node.name == "SETOPERATIONSTMT") {
        into.push(match node.field("colTypes") {
            // `(o 25 1043)`: a list of the catalogue's numbers.
            Some(Item::List(kinds)) => {
                let kinds = kinds.iter().map(Item::word).filter(|word| *word != Some("o"));
                kinds.map(|word| word?.parse().ok().map(written)).collect()
            }
            _ => None,
        });
        node.fields.iter().for_each(|(_, item)| column_types(item, into));
    }
}

/// The places of the tables that are read.
pub fn references(item: &Item, into: &mut Vec<Option<u32>>) {
    for node in item.nodes() {
        if node.name == "RANGETBLREF" {
            into.push(node.number("rtindex"));
        }
        node.fields.iter().for_each(|(_, item)| references(item, into));
    }
}

#[cfg(test)]
mod tests {
    use super::super::node_tree;
    use super::*;

    const TREE: &str = "({QUERY :commandType 1 :querySource 0 :canSetTag true :utilityStmt <> \
                        :resultRelation 0 :hasAggs false :rtable ({RTE :alias <> :eref {ALIAS \
                        :aliasname :inh :colnames (\"a\\ \\{b\")} :rtekind 0 :relid 20000 \
                        :relkind r :inh true}) :jointree {FROMEXPR :fromlist ({RANGETBLREF \
                        :rtindex 1}) :quals {OPEXPR :opno 98 :opfuncid 67 :args ({VAR :varno 1 \
                        :varattno 1 :vartype 25} {CONST :consttype 25 :constvalue 5 [ 20 0 0 0 \
                        113 ]})}} :targetList ({TARGETENTRY :expr {VAR :varno 1 :varattno 1 \
                        :vartype 25} :resname x}) :stmt_len 9})";

    fn unknown(tree: &str, known: &Functions) -> BTreeSet<String> {
        super::unknown(node_tree::read(tree).as_ref(), known)
    }

    fn known() -> Functions {
        let mut known = Functions::default();
        known.operator("98 67 =");
        known.function("67 16 25,25 texteq");
        known
    }

    #[test]
    fn what_is_known_is_accepted_and_nothing_else() {
        let tree = TREE.to_owned();
        assert_eq!(unknown(&tree, &known()), BTreeSet::new());
        for (from, to) in [
            (":hasAggs false", ":hasAggs true"),
            (":stmt_len 9", ":stmt_len 9 :newField 1"),
            (":varattno 1 :vartype 25}", ":varattno -1 :vartype 27}"),
            (":rtekind 0", ":rtekind 3"),
            (":inh true", ":inh false"),
            (":rtindex 1", ":rtindex 2"),
            (":opno 98", ":opno 99"),
            (":opno 98", ":opno 20001"),
            ("{FROMEXPR", "{NEWEXPR"),
            (":utilityStmt <>", ":utilityStmt {X :y 1}"),
            (":commandType 1", ":commandType 2"),
        ] {
            assert!(!unknown(&tree.replace(from, to), &known()).is_empty(), "{to}");
        }
        for end in 0..tree.len() {
            assert!(!unknown(tree.get(..end).unwrap_or_default(), &known()).is_empty(), "{end}");
        }
        // A function of the same name and number that was made since, and one of other types.
        for other in ["67 16 25,1184 texteq", "67 16 2205,2205 texteq"] {
            let mut known = known();
            known.function(other);
            assert!(!unknown(&tree, &known).is_empty(), "{other}");
        }
        assert!(!unknown(&tree, &Functions::default()).is_empty());
        let deep = format!("{}{}", "(".repeat(100_000), ")".repeat(100_000));
        assert!(!unknown(&deep, &known()).is_empty());
    }
}
