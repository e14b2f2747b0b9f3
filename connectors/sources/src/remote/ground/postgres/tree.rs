//! The tree of a view, as PostgreSQL keeps it in `pg_rewrite`: read node by node and field by
//! field. What is not known here is named.

use std::collections::{BTreeMap, BTreeSet};

use super::items::{BOOL, Item, Node};

/// The nodes that are known, each with its fields in the versions from 10 on; behind `=`, the
/// values that it may have. One that is missing here is of a construct that could hide rows, or of
/// a version that is not known.
const NODES: &[(&str, &str)] = &[
    (
        "QUERY",
        "commandType=1 querySource=0 canSetTag utilityStmt=<> resultRelation=0 hasAggs=false \
         hasWindowFuncs=false hasTargetSRFs=false hasSubLinks=false hasDistinctOn=false \
         hasRecursive=false hasModifyingCTE=false hasForUpdate=false hasRowSecurity=false \
         isReturn=false hasGroupRTE=false cteList=<> rtable rteperminfos jointree \
         mergeActionList=<> mergeTargetRelation=0 mergeUseOuterJoin=false mergeJoinCondition=<> \
         targetList override=0 onConflict=<> returningList=<> groupClause=<> groupDistinct=false \
         groupingSets=<> havingQual=<> windowClause=<> distinctClause=<> sortClause \
         limitOffset=<> limitCount=<> limitOption=0 rowMarks=<> setOperations constraintDeps=<> \
         withCheckOptions=<> stmt_location stmt_len",
    ),
    ("RTE", RTE),
    ("RANGETBLENTRY", RTE),
    (
        "RTEPERMISSIONINFO",
        "relid inh requiredPerms checkAsUser selectedCols insertedCols updatedCols",
    ),
    ("ALIAS", "aliasname colnames"),
    ("FROMEXPR", "fromlist quals"),
    ("RANGETBLREF", "rtindex"),
    (
        "JOINEXPR",
        "jointype=0|1|2|3 isNatural larg rarg usingClause join_using_alias quals alias rtindex",
    ),
    ("TARGETENTRY", "expr resno resname ressortgroupref resorigtbl resorigcol resjunk"),
    (
        "VAR",
        "varno varattno vartype vartypmod varcollid varnullingrels varlevelsup varnosyn \
         varattnosyn varnoold varoattno varreturningtype=0 location",
    ),
    (
        "CONST",
        "consttype consttypmod constcollid constlen constbyval constisnull location constvalue",
    ),
    ("OPEXPR", OPERATION),
    ("DISTINCTEXPR", OPERATION),
    ("NULLIFEXPR", OPERATION),
    ("SCALARARRAYOPEXPR", "opno opfuncid hashfuncid negfuncid useOr inputcollid args location"),
    (
        "FUNCEXPR",
        "funcid funcresulttype funcretset=false funcvariadic=false funcformat funccollid \
         inputcollid args location",
    ),
    ("BOOLEXPR", "boolop=and|or|not args location"),
    ("NULLTEST", "arg nulltesttype argisrow=false location"),
    ("BOOLEANTEST", "arg booltesttype location"),
    ("RELABELTYPE", "arg resulttype resulttypmod resultcollid relabelformat location"),
    ("COERCEVIAIO", "arg resulttype resultcollid coerceformat location"),
    (
        "ARRAYCOERCEEXPR",
        "arg elemexpr elemfuncid=0 isExplicit resulttype resulttypmod resultcollid coerceformat \
         location",
    ),
    ("CASE", CASE),
    ("CASEEXPR", CASE),
    ("WHEN", "expr result location"),
    ("CASEWHEN", "expr result location"),
    ("CASETESTEXPR", "typeId typeMod collation"),
    ("COALESCE", COALESCE),
    ("COALESCEEXPR", COALESCE),
    ("ARRAY", ARRAY),
    ("ARRAYEXPR", ARRAY),
    ("SORTGROUPCLAUSE", "tleSortGroupRef eqop sortop reverse_sort nulls_first hashable"),
    (
        "SETOPERATIONSTMT",
        "op=1 all=true larg rarg colTypes colTypmods colCollations groupClauses=<>",
    ),
];
/// A table, a query in brackets, or a join.
const RTE: &str = "alias eref rtekind=0|1|2 relid relkind rellockmode perminfoindex \
                   tablesample=<> lateral inh inFromCl requiredPerms checkAsUser selectedCols \
                   insertedCols updatedCols extraUpdatedCols securityQuals=<> subquery \
                   security_barrier jointype joinmergedcols joinaliasvars joinleftcols \
                   joinrightcols join_using_alias";
const OPERATION: &str =
    "opno opfuncid opresulttype opretset=false opcollid inputcollid args location";
const CASE: &str = "casetype casecollid arg args defresult location";
const COALESCE: &str = "coalescetype coalescecollid args location";
const ARRAY: &str = "array_typeid array_collid element_typeid elements multidims=false list_start \
                     list_end location";

/// What a field, or a node, is in SQL's own words.
const SAID: &[(&str, &str)] = &[
    ("hasAggs", "an aggregate"),
    ("AGGREF", "an aggregate"),
    ("hasWindowFuncs", "a window function"),
    ("WINDOWFUNC", "a window function"),
    ("WINDOWCLAUSE", "a window function"),
    ("hasTargetSRFs", "a function that gives several rows"),
    ("funcretset", "a function that gives several rows"),
    ("hasSubLinks", "a query within an expression"),
    ("SUBLINK", "a query within an expression"),
    ("cteList", "`with`"),
    ("COMMONTABLEEXPR", "`with`"),
    ("rtekind", "a function, a list of values or `with` in `from`"),
    ("RANGETBLFUNCTION", "a function, a list of values or `with` in `from`"),
    ("groupClause", "`group by`"),
    ("havingQual", "`having`"),
    ("hasDistinctOn", "`distinct on`"),
    ("distinctClause", "`distinct`"),
    ("limitOffset", "`offset`"),
    ("limitCount", "`limit`"),
    ("limitOption", "`with ties`"),
    ("tablesample", "`tablesample`"),
    ("TABLESAMPLECLAUSE", "`tablesample`"),
    ("op", "`except` or `intersect`"),
    ("all", "`union` without `all`"),
    ("COLLATEEXPR", "`collate`"),
    ("MINMAXEXPR", "`greatest` or `least`"),
    ("MINMAX", "`greatest` or `least`"),
    ("SQLVALUEFUNCTION", "the clock or the session"),
];

// Numbers of types, which are the same in every version.
const CHAR: u32 = 18;
const TEXT: u32 = 25;
const NUMERIC: u32 = 1700;
const BPCHAR: u32 = 1042;
const VARCHAR: u32 = 1043;
const MOMENT: u32 = 1184;
const INTEGERS: [u32; 3] = [20, 21, 23];
/// Written and read in one way, whatever is set: no date (`datestyle`), no moment (`timezone`), no
/// float (`extra_float_digits`).
const WRITTEN_ALIKE: &[u32] =
    &[BOOL, CHAR, 19, 20, 21, 23, TEXT, BPCHAR, VARCHAR, NUMERIC, 2950, 705];
/// Besides those: dates, times, moments, floats, values of enumerations. They are compared in one
/// way with their like.
const COMPARED_ALIKE: &[u32] = &[1082, 1083, 1114, MOMENT, 700, 701, 3500];
const COMPARISONS: &[&str] = &["=", "<>", "<", "<=", ">", ">="];
/// Functions of texts.
const FUNCTIONS: &[&str] = &[
    "btrim",
    "ltrim",
    "rtrim",
    "upper",
    "lower",
    "substr",
    "substring",
    "replace",
    "left",
    "right",
    "length",
    "char_length",
];
/// Functions that make one type of another, and are called as it is.
const CASTS: &[&str] =
    &["text", "bpchar", "varchar", "int2", "int4", "int8", "numeric", "bool", "date", "timestamp"];
/// Functions that write whatever they are given.
const WRITERS: &[&str] = &["concat", "concat_ws"];

/// The functions and operators that the trees name.
#[derive(Debug, Default)]
pub struct Known {
    functions: BTreeMap<u32, Function>,
    /// The function behind an operator, and how that is written.
    operators: BTreeMap<u32, (u32, String)>,
}

#[derive(Debug)]
struct Function {
    name: String,
    result: u32,
    takes: Vec<u32>,
    is_own: bool,
}

impl Known {
    /// As the catalogue has it: its number, its result, its arguments, its name.
    pub fn function(&mut self, said: &str) {
        let parts: Vec<&str> = said.splitn(4, ' ').collect();
        let [number, result, takes, name] = parts.as_slice() else { return };
        let (Ok(number), Ok(result)) = (number.parse(), result.parse()) else { return };
        let takes: Option<Vec<u32>> =
            takes.split(',').filter(|one| !one.is_empty()).map(|one| one.parse().ok()).collect();
        let Some(takes) = takes else { return };
        // From 16384 on numbers are given to what was made after the installation.
        self.functions.insert(
            number,
            Function { name: (*name).to_owned(), result, takes, is_own: number < 16384 },
        );
    }

    /// Its number, that of its function, and how it is written.
    pub fn operator(&mut self, said: &str) {
        let parts: Vec<&str> = said.splitn(3, ' ').collect();
        let [number, code, name] = parts.as_slice() else { return };
        if let (Ok(number), Ok(code)) = (number.parse::<u32>(), code.parse()) {
            self.operators.insert(number, (code, (*name).to_owned()));
        }
    }

    /// What to say of a function, unless it is known.
    fn calls(&self, number: Option<u32>, given: &[Option<u32>]) -> Option<String> {
        let Some(function) = number.and_then(|number| self.functions.get(&number)) else {
            return Some(
                "a function that is not there, or is not PostgreSQL's own any more".to_owned(),
            );
        };
        let takes = |known: &[u32]| function.takes.iter().all(|kind| known.contains(kind));
        let is_plain = |kind: &u32| {
            WRITTEN_ALIKE.contains(kind) || (COMPARED_ALIKE.contains(kind) && *kind != MOMENT)
        };
        let name = function.name.as_str();
        let is_known = function.is_own
            && ((FUNCTIONS.contains(&name) && takes(WRITTEN_ALIKE))
                || (CASTS.contains(&name)
                    && is_plain(&function.result)
                    && function.takes.iter().all(is_plain))
                || (WRITERS.contains(&name)
                    && given
                        .iter()
                        .all(|kind| kind.is_some_and(|kind| WRITTEN_ALIKE.contains(&kind)))));
        (!is_known).then(|| format!("`{name}()`"))
    }

    /// The same of an operator.
    fn operates(&self, number: Option<u32>) -> Option<String> {
        let found = number.and_then(|number| self.operators.get(&number));
        let Some((function, name)) =
            found.and_then(|(code, name)| Some((self.functions.get(code)?, name.as_str())))
        else {
            return Some("an operator that is not there".to_owned());
        };
        let takes = function.takes.as_slice();
        let is_moment = takes.contains(&MOMENT);
        let is_known = function.is_own
            && number.is_some_and(|number| number < 16384)
            && match name {
                name if COMPARISONS.contains(&name) => {
                    takes
                        .iter()
                        .all(|kind| WRITTEN_ALIKE.contains(kind) || COMPARED_ALIKE.contains(kind))
                        && (!is_moment || takes == [MOMENT, MOMENT])
                }
                "~~" | "!~~" => takes.iter().all(|kind| [TEXT, BPCHAR].contains(kind)),
                "||" => takes == [TEXT, TEXT],
                "+" | "-" | "*" => {
                    takes.iter().all(|kind| INTEGERS.contains(kind) || *kind == NUMERIC)
                }
                _ => false,
            };
        (!is_known).then(|| format!("the operator `{name}` of `{}()`", function.name))
    }
}

/// What a tree uses that is not known; none is one that could not be read.
pub fn unknown(tree: Option<&Item>, known: &Known) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    match tree {
        Some(item) => look(item, known, &mut found),
        None => {
            found.insert("a text that ends before its end".to_owned());
        }
    }
    found
}

fn look(item: &Item, known: &Known, found: &mut BTreeSet<String>) {
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

fn said(name: &str) -> Option<String> {
    SAID.iter().find(|(known, _)| *known == name).map(|(_, said)| (*said).to_owned())
}

fn is_field(fields: &str, name: &str, item: &Item) -> bool {
    fields.split_whitespace().any(|field| match field.split_once('=') {
        None => field == name,
        Some((field, values)) => {
            field == name
                && item.word().is_some_and(|word| values.split('|').any(|value| value == word))
        }
    })
}

/// What a node's name and fields do not tell.
fn of_node(node: &Node, known: &Known) -> Vec<String> {
    let mut found = Vec::new();
    let arguments = || node.field("args").map(Item::nodes).unwrap_or_default();
    match node.name.as_str() {
        // 0 is the whole row, and below it are `ctid`, `xmin` and what else tells of where and how
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

/// One type for all texts, of which one is made of another as it stands.
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
    use super::super::items;
    use super::*;

    const TREE: &str = "({QUERY :commandType 1 :querySource 0 :canSetTag true :utilityStmt <> \
                        :resultRelation 0 :hasAggs false :rtable ({RTE :alias <> :eref {ALIAS \
                        :aliasname :inh :colnames (\"a\\ \\{b\")} :rtekind 0 :relid 20000 \
                        :relkind r :inh true}) :jointree {FROMEXPR :fromlist ({RANGETBLREF \
                        :rtindex 1}) :quals {OPEXPR :opno 98 :opfuncid 67 :args ({VAR :varno 1 \
                        :varattno 1 :vartype 25} {CONST :consttype 25 :constvalue 5 [ 20 0 0 0 \
                        113 ]})}} :targetList ({TARGETENTRY :expr {VAR :varno 1 :varattno 1 \
                        :vartype 25} :resname x}) :stmt_len 9})";

    fn unknown(tree: &str, known: &Known) -> BTreeSet<String> {
        super::unknown(items::read(tree).as_ref(), known)
    }

    fn known() -> Known {
        let mut known = Known::default();
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
        assert!(!unknown(&tree, &Known::default()).is_empty());
        let deep = format!("{}{}", "(".repeat(100_000), ")".repeat(100_000));
        assert!(!unknown(&deep, &known()).is_empty());
    }
}
