//! The words that registers say of a record's state. A word that stands once or twice is listed as a code only if it is made of these
//! and so cannot tell of a person: what else stands seldom may be a remark, and is counted only.

const WORDS: &[&str] = &[
    "正常", "异常", "注销", "撤销", "撤消", "吊销", "取消", "作废", "失效", "无效", "有效", "生效", "到期", "终止", "中止", "解除", "停用",
    "暂停", "启用", "禁用", "迁出", "迁入", "迁移", "死亡", "失踪", "宣告", "出生", "冻结", "解冻", "查封", "轮候", "解封", "抵押", "质押",
    "解押", "异议", "限制", "现势", "历史", "办理", "办结", "在办", "待办", "受理", "待核", "核实", "核准", "待定", "待审", "审核", "审批",
    "审查", "通过", "退回", "驳回", "未知", "不详", "不明", "其他", "其它", "变更", "更正", "补正", "预告", "预售", "现售", "备案", "签约",
    "网签", "合同", "转移", "转让", "转出", "转入", "产权", "登记", "首次", "初始", "合并", "分割", "拆迁", "拆除", "灭失", "征收", "征用",
    "期房", "现房", "出售", "出租", "租赁", "自住", "空置", "自用", "结婚", "离婚", "复婚", "再婚", "初婚", "丧偶", "未婚", "已婚", "补办",
    "补发", "补录", "补领", "申请", "许可", "存续", "在业", "开业", "歇业", "停业", "清算", "在职", "退休", "离职", "参保", "停保", "缴费",
    "欠费", "正式", "临时", "永久", "长期", "单独", "共同", "共有", "所有", "全部", "部分", "住宅", "商业", "办公", "工业", "车位",
];
/// What stands before, between or behind them.
const PARTS: &[&str] = &["已", "未", "待", "再", "初", "非", "不", "可", "中", "后", "前", "转", "的", "号", "类"];
/// Longest word, in characters.
const MOST_CHARACTERS: usize = 10;

/// Whether a word consists of words of this list and nothing else, one of them at least a whole one.
pub(super) fn is_state(word: &str) -> bool {
    if word.chars().count() > MOST_CHARACTERS {
        return false;
    }
    // By place in the word: whether it can be reached, and whether by a whole word.
    let mut reached = vec![(false, false); word.len() + 1];
    let Some(start) = reached.first_mut() else { return false };
    *start = (true, false);
    for at in 0..word.len() {
        let (Some((true, whole)), Some(rest)) = (reached.get(at).copied(), word.get(at..)) else { continue };
        for (list, is_word) in [(WORDS, true), (PARTS, false)] {
            for part in list.iter().filter(|part| rest.starts_with(**part)) {
                if let Some(end) = reached.get_mut(at + part.len()) {
                    *end = (true, end.1 || whole || is_word);
                }
            }
        }
    }
    reached.last() == Some(&(true, true))
}
