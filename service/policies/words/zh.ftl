# 未能批准的理由：写给被拒绝的消费者。每个理由一句话，单独读也成立。

## 本次购买
MERCHANT_INACTIVE = 该商家目前不提供先享后付服务。
CURRENCY_NOT_SERVED = 该币种不支持先享后付。
PRODUCT_NOT_SERVED = 此类商品或服务不支持先享后付。
AMOUNT_TOO_LOW = 本次金额低于我们可提供服务的最低金额。
AMOUNT_TOO_HIGH = 本次金额高于我们可提供服务的最高金额。
TERM_NOT_SERVED = 本次购买不支持您选择的分期期数。
PRICE_ABOVE_LEGAL_CAP = 在法律规定的成本上限之内，我们无法为本次购买提供方案。

## 您在我们这里的情况
LIMIT_EXCEEDED = 本次金额超过您在我们这里的剩余额度。
PAYMENT_OVERDUE = 您有一笔应付款项已经逾期。
STOP_SUPPLY = 您有一笔应付款项逾期过久，我们不能再向您赊销。
TOO_MANY_OPEN_PLANS = 您尚未结清的计划过多。
TOO_MANY_ATTEMPTS = 短时间内的申请次数过多。
HISTORY_TOO_SHORT = 您成为我们客户的时间还不够长。
DEPOSIT_CLAIMED = 您的押金曾经被扣取。

## 关于押金
PRODUCT_NOT_SERVED-deposit = 此类商品或服务不支持减免押金。
AMOUNT_TOO_LOW-deposit = 押金低于我们可减免的最低金额。
AMOUNT_TOO_HIGH-deposit = 押金高于我们可减免的最高金额。
LIMIT_EXCEEDED-deposit = 您在我们这里的剩余额度不足以减免这笔押金。
HISTORY_TOO_SHORT-deposit = 您未被扣取的押金次数还不足以减免这笔押金。

## 资格
UNDER_AGE = 您未达到我们可以提供此服务的年龄。
AREA_NOT_SERVED = 您所在的地区暂不提供此服务。
IDENTITY_UNCONFIRMED = 我们未能核实您的身份。
INFORMATION_MISSING = 缺少作出决定所需的信息。
REVIEW_NEEDED = 您的申请需要工作人员审核。

## 个人情况
AGE_OF_APPLICANT = 您的年龄对本次申请不利。
ACCOUNT_STANDING = 您的活期账户状况对本次申请不利。
CREDIT_HISTORY = 您以往的还款记录对本次申请不利。
OTHER_CREDITS = 您在其他机构的贷款对本次申请不利。
OTHER_INSTALMENT_PLANS = 您在其他机构的分期对本次申请不利。
SAVINGS = 您的储蓄较少，或我们不了解您的储蓄情况。
PROPERTY = 您的财产较少，或我们不了解您的财产情况。
HOUSING = 您的居住情况对本次申请不利。
TIME_AT_ADDRESS = 您在现住址的居住时间对本次申请不利。
EMPLOYMENT_TIME = 您在现职的工作时间对本次申请不利。
OCCUPATION = 您的职业对本次申请不利。
INCOME = 就本次申请而言，您的收入较低，或我们不了解您的收入。
INSTALMENT_TO_INCOME = 每期还款将占您收入的较大部分。
DEPENDANTS = 您需要供养的人数对本次申请不利。
GUARANTEE = 没有其他人为还款提供担保。
CONTACT_DETAILS = 您的联系方式不完整。
PURPOSE = 您所购买的商品或服务类别对本次申请不利。
AMOUNT_OF_CREDIT = 本次信贷金额对申请不利。
LENGTH_OF_CREDIT = 本次信贷期限对申请不利。
BUREAU_RECORD = 征信机构的记录对本次申请不利。

## 通知
notice-title-declined = 我们未能批准您的购买
notice-title-referred = 您的购买仍在审核中
notice-about = 您于 { $day } 在 { $merchant } 申请延后支付 { $amount }。决定编号：{ $decision }。
notice-reasons = 主要理由（按重要程度排列）：
notice-alternatives = 我们可以批准的其他方案：
notice-alternative = { $change ->
    [shorter_term] 缩短期限：{ $financed } 分 { $instalments } 期
    [larger_down_payment] 立即支付 { $paid }，其余 { $financed } 延后支付
    [smaller_waiver] 押金 { $held }，原押金为 { $deposit }
   *[smaller_amount] 购买金额为 { $price }
}
notice-decided = { $by ->
    [person] 我们的工作人员已审核您的申请。您可以免费陈述您的意见，要求说明决定是如何作出的，并要求再次审核。
    [nobody] 计算机已检查您的申请，并交由我们的工作人员作出决定。您可以免费陈述您的意见并获得解释。
   *[computer] 本决定由计算机根据有关您和本次购买的数据自动作出。您可以免费要求人工复核，陈述您的意见，并要求说明决定是如何作出的以及对您意味着什么。
}
notice-contest = 请写信给我们，并注明决定编号：{ $decision }。
notice-rights-EU = 如果征信机构的记录影响了本决定，我们会免费告知您该机构、记录内容以及所考虑的数据类别。如果您为债务所困，独立于我们的债务咨询机构可以提供帮助。
notice-rights-GB = 如果英国征信机构的记录影响了本决定，我们会告知您该机构及其联系方式。如您对我们不满意，可以向金融申诉专员服务机构（Financial Ombudsman Service）投诉。
notice-bureau-US = 如果消费者报告机构的报告影响了本决定，我们会告知您该机构及其联系方式。该机构没有作出本决定，也无法说明我们作出决定的原因。您可以在 60 天内向其免费索取报告副本，并可就不完整或错误的内容向其提出异议。
notice-rights-US = 美国联邦《平等信贷机会法》禁止贷款人基于种族、肤色、宗教、原国籍、性别、婚姻状况、年龄（申请人须具有订立合同的能力），或因申请人的收入全部或部分来自公共援助，或因申请人善意行使《消费者信贷保护法》规定的权利而歧视申请人。
notice-rights-other = 您可以随时查询我们保存的关于您的信息，并要求更正错误。

## 方案的费用说明
disclosure-title = 本方案的费用
disclosure-about = { $day } 由 { $merchant } 提供。方案编号：{ $offer }。
disclosure-line-more = 订单金额略有增加时
disclosure-more = 因运费或小费，可按相同条件多扣不超过 { $percent }%：合计最多 { $most }。
disclosure-deposit = 押金未被扣取时不产生费用，不属于信贷。
deposit-line-deposit = 押金
deposit-line-held = 在您的卡上预授权冻结
deposit-line-waived = 免收，由我们授信
deposit-line-unclaimed = 未被扣取时
deposit-line-claimed = 被扣取时
deposit-line-late_payment = 逾期付款
deposit-unclaimed = 不从您的卡上扣款，您无须支付任何费用。
deposit-claimed = { $first ->
    [card] 首先从您的卡上扣款，最多 { $held }。超出部分最多 { $waived }，您须在扣取后 { $days } 天内向我们支付。
   *[nothing] 扣取的金额最多 { $waived }，您须在扣取后 { $days } 天内向我们支付。
}
deposit-late = 逾期不收取费用。
disclosure-rate = { $rate } % { $method ->
    [us_actuarial] 是按美国 Z 条例精算法计算的名义年利率。
    [irr_nominal] 是月内部收益率乘以十二。
    [irr_effective] 是按复利计算的年内部收益率。
   *[eu_effective] 是计入全部费用的实际年利率。
}
disclosure-law = 依据：
