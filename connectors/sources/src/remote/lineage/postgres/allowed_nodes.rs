//! The nodes and fields of a view's tree that are known to hide no row and to show every reader the
//! same. What is not on this list is refused.

use super::node_tree::Item;

/// The nodes that are known, each with its fields in the versions from 10 on; behind `=`, the
/// values that it may have. One that is missing here is of a construct that could hide rows, or of
/// a version that is not known.
pub const NODES: &[(&str, &str)] = &[
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
pub const SAID: &[(&str, &str)] = &[
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

pub fn said(name: &str) -> Option<String> {
    SAID.iter().find(|(known, _)| *known == name).map(|(_, said)| (*said).to_owned())
}

pub fn is_field(fields: &str, name: &str, item: &Item) -> bool {
    fields.split_whitespace().any(|field| match field.split_once('=') {
        None => field == name,
        Some((field, values)) => {
            field == name
                && item.word().is_some_and(|word| values.split('|').any(|value| value == word))
        }
    })
}
