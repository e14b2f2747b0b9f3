//! Views that join a table with itself, whether by its own name, a view over it, or a part of it:
//! rows could hide other rows of the same table, as `distinct on` and `row_number` do.
//!
//! Accepted is one place at which a table is taken, and others that only add columns: the outer
//! side of a `left join` on which no other condition rests. It gives a row for each that is there
//! without it.

use std::collections::{BTreeMap, BTreeSet};

use super::node_tree::{Item, Node};
use super::view_tree::references;

/// Views within one another.
const DEEPEST: usize = 100;

/// The relations that a table or view rests upon, by their numbers.
#[derive(Debug, Default)]
pub struct Relations {
    children: BTreeMap<u32, Vec<u32>>,
    views: BTreeMap<u32, (String, Item)>,
}

impl Relations {
    /// As the catalogue has it: a table, and a part or a child of it.
    pub fn child(&mut self, said: &str) {
        let Some((parent, child)) = said.split_once(' ') else { return };
        if let (Ok(parent), Ok(child)) = (parent.parse(), child.parse()) {
            self.children.entry(parent).or_default().push(child);
        }
    }

    /// A view, its name and its tree.
    pub fn view(&mut self, number: u32, name: &str, tree: Item) {
        self.views.insert(number, (name.to_owned(), tree));
    }

    /// The views that join a table with itself.
    pub fn compared(&self) -> Vec<String> {
        let compares =
            |tree: &Item| of_name(tree, "QUERY").into_iter().any(|query| self.compares(query));
        self.views
            .values()
            .filter(|(_, tree)| compares(tree))
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Whether one table is taken twice by a query.
    fn compares(&self, query: &Node) -> bool {
        let tables = query.field("rtable").map(Item::nodes).unwrap_or_default();
        let Some(joins) = query.field("jointree") else { return true };
        let mut named = Vec::new();
        references(joins, &mut named);
        let mut taken = BTreeSet::new();
        for number in named {
            let Some((number, table)) =
                number.and_then(|number| Some((number, at(&tables, number)?)))
            else {
                return true;
            };
            let mut below = BTreeSet::new();
            self.below(table, 0, &mut below);
            if !is_beside(query, joins, &tables, number)
                && below.into_iter().any(|table| !taken.insert(table))
            {
                return true;
            }
        }
        false
    }

    /// The tables below a table, a view, or a query in brackets.
    fn below(&self, table: &Node, depth: usize, into: &mut BTreeSet<u32>) {
        if let Some(query) = table.field("subquery") {
            self.below_all(query, depth, into);
        }
        match table.number("relid") {
            Some(0) | None => {}
            Some(number) => self.below_relation(number, depth, into),
        }
    }

    fn below_all(&self, tree: &Item, depth: usize, into: &mut BTreeSet<u32>) {
        for name in ["RTE", "RANGETBLENTRY"] {
            of_name(tree, name).into_iter().for_each(|table| self.below(table, depth + 1, into));
        }
    }

    fn below_relation(&self, number: u32, depth: usize, into: &mut BTreeSet<u32>) {
        // Older versions name a view in its own tree.
        if depth > DEEPEST || !into.insert(number) {
            return;
        }
        if let Some((_, tree)) = self.views.get(&number) {
            self.below_all(tree, depth, into);
        }
        for child in self.children.get(&number).into_iter().flatten() {
            self.below_relation(*child, depth + 1, into);
        }
    }
}

/// Whether a table only adds columns to the rows that are there without it.
fn is_beside(query: &Node, joins: &Item, tables: &[&Node], number: u32) -> bool {
    let is_this = |side: Option<&Item>| {
        let nodes = side.map(Item::nodes).unwrap_or_default();
        matches!(nodes.as_slice(), [node] if node.name == "RANGETBLREF" && node.number("rtindex") == Some(number))
    };
    let is_outer = |join: &&Node| match join.number("jointype") {
        Some(1) => is_this(join.field("rarg")),
        Some(3) => is_this(join.field("larg")),
        _ => false,
    };
    let all = of_name(joins, "JOINEXPR");
    let Some(own) = all.iter().copied().find(is_outer) else { return false };
    // A column of the query around it, in a query within: it could be one of this table's.
    let is_own = |var: &&Node| var.number("varlevelsup") == Some(0);
    if !query.fields.iter().flat_map(|(_, item)| of_name(item, "VAR")).all(|var| is_own(&var)) {
        return false;
    }
    let others =
        all.into_iter().filter(|join| !std::ptr::eq(*join, own)).chain(of_name(joins, "FROMEXPR"));
    // A column of a join is one of either of its sides.
    let is_of_another = |var: &Node| {
        let table = var.number("varno").and_then(|place| Some((place, at(tables, place)?)));
        table.is_some_and(|(place, table)| place != number && table.number("rtekind") != Some(2))
    };
    others
        .filter_map(|node| node.field("quals"))
        .flat_map(|quals| of_name(quals, "VAR"))
        .all(is_of_another)
}

fn at<'a>(tables: &[&'a Node], number: u32) -> Option<&'a Node> {
    tables.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
}

/// All nodes of this name, however deep.
fn of_name<'a>(item: &'a Item, name: &str) -> Vec<&'a Node> {
    let mut found = Vec::new();
    for node in item.nodes() {
        if node.name == name {
            found.push(node);
        }
        found.extend(node.fields.iter().flat_map(|(_, item)| of_name(item, name)));
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::node_tree;
    use super::*;

    /// A view, numbered 1, of tables with these numbers, joined so, with a condition on a column of
    /// the table at this place.
    fn compares(tables: &[u32], joins: &str, condition: u32, more: &[(u32, &[u32])]) -> bool {
        let view = |tables: &[u32], from: &str, quals: &str| {
            let listed: Vec<String> =
                tables.iter().map(|number| format!("{{RTE :rtekind 0 :relid {number}}}")).collect();
            let text = format!(
                "({{QUERY :rtable ({}) :jointree {{FROMEXPR :fromlist ({from}) :quals {quals}}}}})",
                listed.join(" ")
            );
            node_tree::read(&text).unwrap()
        };
        let mut relations = Relations::default();
        relations.view(
            1,
            "v",
            view(tables, joins, &format!("{{VAR :varno {condition} :varlevelsup 0}}")),
        );
        for (number, below) in more {
            relations.view(*number, "below", view(below, "{RANGETBLREF :rtindex 1}", "<>"));
        }
        relations.child("20 21");
        relations.compared().contains(&"v".to_owned())
    }

    #[test]
    fn a_table_is_taken_once_whatever_it_is_called() {
        let both = "{RANGETBLREF :rtindex 1} {RANGETBLREF :rtindex 2}";
        let joined = |kind: u32| {
            format!(
                "{{JOINEXPR :jointype {kind} :larg {{RANGETBLREF :rtindex 1}} :rarg {{RANGETBLREF \
                 :rtindex 2}} :quals {{OPEXPR :args ({{VAR :varno 1 :varlevelsup 0}} {{VAR :varno \
                 2 :varlevelsup 0}})}}}}"
            )
        };
        assert!(!compares(&[10, 11], both, 1, &[]) && compares(&[10, 10], both, 1, &[]));
        // By a view over it, by one over that, and by a part of it.
        assert!(
            compares(&[10, 12], both, 1, &[(12, &[10])])
                && compares(&[10, 13], both, 1, &[(13, &[12]), (12, &[10])])
        );
        assert!(compares(&[20, 21], both, 1, &[]) && !compares(&[11, 21], both, 1, &[]));
        for (kind, condition, expected) in
            [(0, 1, true), (1, 1, false), (1, 2, true), (2, 1, true), (3, 2, false), (3, 1, true)]
        {
            assert_eq!(
                compares(&[10, 10], &joined(kind), condition, &[]),
                expected,
                "{kind} {condition}"
            );
        }
        // Neither a column of a query around it, nor of nothing known.
        let outer = joined(1).replacen(":varlevelsup 0", ":varlevelsup 1", 1);
        assert!(compares(&[10, 10], &outer, 1, &[]) && compares(&[10, 10], &joined(1), 3, &[]));
    }
}
