"""Every word of a sweep's page in Chinese and English."""

from __future__ import annotations

from gridopt.report.html.words import TEXTS
from gridopt.results.tables.words import PROVENANCE, Pair

SWEEP_TEXTS: dict[str, Pair] = {
    # as in the report of a result
    **{key: TEXTS[key] for key in ("provenance_title", "what", "value")},
    **{key: PROVENANCE[key] for key in ("case", "description", "versions")},
    "title": ("参数扫描", "Sweep"),
    # overview
    "overview_title": ("概览", "Overview"),
    "scope": (
        "算例 {case}；设计：{design}；时段：{horizon}",
        "Case {case}; design: {design}; horizon: {horizon}",
    ),
    "design_grid": ("全组合", "every combination"),
    "design_named": ("逐个列出", "named scenarios"),
    "design_samples": ("抽样或逐个列出", "samples, or one by one"),
    "horizon_case": ("与算例相同", "that of the case"),
    "horizon_year": ("全年", "the year"),
    "horizon_weeks": ("{count} 个加权典型周", "{count} weeks with weights"),
    "horizon_span": ("自 {start} 起 {hours} 小时", "{hours} h from {start}"),
    "scenarios": ("方案数", "scenarios"),
    "done": ("已完成", "done"),
    "failed": ("失败", "failed"),
    "missing": ("未计算", "not solved yet"),
    "solving": ("求解用时合计", "time of all solves"),
    "unfinished": (
        "尚未计算 {missing} 个，失败 {failed} 个；本页只含已完成的方案。",
        "Not solved yet: {missing}; failed: {failed}. This page is about the scenarios that are done.",
    ),
    "not_served": ("{count} 个方案存在缺电。", "Scenarios in which demand is not served: {count}."),
    "minutes": ("{count} 分钟", "{count} min"),
    "lever": ("参数", "lever"),
    "values": ("取值", "values"),
    "range": ("{low} 至 {high}，{count} 个值", "{low} to {high}, {count} values"),
    "as_in_case": ("–：与算例相同。", "–: as in the case."),
    "reason": ("原因", "reason"),
    "failed_table": ("失败的方案", "Scenarios that failed"),
    "same": ("各方案相同的指标：{names}。", "The same in all scenarios: {names}."),
    "nothing_done": ("还没有已完成的方案", "no scenario is done yet"),
    "nothing_varies": ("各方案的指标没有差别", "no number differs between the scenarios"),
    "no_lever": ("没有变化的参数", "no lever has more than one value"),
    # figures
    "parallel_title": ("平行坐标", "Parallel coordinates"),
    "parallel_note": (
        "每条线是一个方案。在坐标轴上拖动可筛选方案，单击坐标轴取消；拖动轴名可调整顺序。",
        "Each line is a scenario. Drag along an axis to pick scenarios, click the axis to let go; drag its name to "
        "move it.",
    ),
    "coloured_by": ("着色指标", "coloured by"),
    "shown": ("指标", "shown"),
    "curves_title": ("响应曲线", "Response curves"),
    "curves_note_mean": (
        "细线：其余参数不变；粗线：其均值；阴影：最小至最大。均值只取各点都有结果的组合。",
        "Thin lines: the other levers held; thick line: their mean; shade: from the smallest to the largest. Only "
        "combinations with a result at every point are taken, as far as there are any.",
    ),
    "curves_note_points": (
        "点：方案；线：按参数大小分段的均值（方案较多时）。",
        "Points: scenarios; line: means of slices along the lever, where there are enough scenarios.",
    ),
    "mean": ("均值", "mean"),
    "smallest_largest": ("最小至最大", "smallest to largest"),
    "one_scenario": ("单个方案", "one scenario each"),
    "maps_title": ("热力图", "Heat maps"),
    "maps_note": (
        "其余参数取均值（只取各格都有结果的组合）。",
        "Mean over all other levers: over those of their combinations that have a result in every cell, as far as "
        "there are any.",
    ),
    "maps_note_points": ("每个点是一个方案。", "Each point is a scenario."),
    "maps_few": (
        "只画出前 {shown} 对参数，共 {all} 对。",
        "The first {shown} pairs of levers of {all}.",
    ),
    "no_pair": ("热力图至少需要两个变化的参数", "a map needs two levers that vary"),
    "pair": ("{first} × {second}", "{first} × {second}"),
    "front_title": ("成本与弃电的帕累托前沿", "Pareto front of cost and curtailment"),
    "front_note": (
        "前沿上的方案：没有别的方案弃电率和费用都不高于它。费用只含运行，不含参数所代表的建设投资。",
        "No other scenario has less of one and not more of the other than those on the front. Cost is that of "
        "operation: what it costs to build what a lever stands for is not in it.",
    ),
    "lost": ("有缺电", "demand not served"),
    "front": ("帕累托前沿", "Pareto front"),
    "front_table": ("前沿上的方案", "Scenarios on the front"),
    "cost": ("费用", "cost"),
    "no_curtailment": ("没有弃电率或费用", "there is no curtailment rate, or no cost"),
    # tables
    "table_title": ("全部方案", "All scenarios"),
    "table_more": (
        "列出前 {shown} 个方案；全部 {all} 个在 summaries.parquet 中。",
        "The first {shown} scenarios; summaries.parquet has all {all}.",
    ),
    "scenario": ("方案", "scenario"),
    "store": ("数据存储", "store"),
    "common": ("共同设置", "set for all scenarios"),
    "kept": ("保留的逐时数据", "hourly variables kept"),
    "audit": ("独立校核", "independent audit"),
    "yes": ("每个方案", "of every scenario"),
    "no": ("未进行", "none"),
    "case_sha256": ("算例摘要（SHA-256）", "hash of the case (SHA-256)"),
}
