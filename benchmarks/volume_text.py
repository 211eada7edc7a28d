"""Text with the statistics of real prompts: words by Zipf's law, phrases that recur, four languages.

A `Language` is made once by seed: some 20,000 words (its commonest real ones, the rest built of its own
syllables) and 150,000 phrases of two to five words. A text is a run of phrases, each drawn by its rank. zstd
makes about as much of such a text alone as of English prose (a third to two fifths of its size).
"""

from __future__ import annotations

import random
from itertools import accumulate
from typing import NamedTuple

WORDS = 20_000
PHRASES = 150_000

_COMMON = {
    "en": "the of and to a in is it you that for on are with as this be at one have not by but "
    "what all were "
    "we when your can there use an each which do how if will up about out many then them some make like "
    "time has look two more write go see number way could people first call data error request model "
    "token customer invoice contract server database function test report summary please explain "
    "because between never service account order delivery team question answer code",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als "
    "auch es an werden "
    "aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum "
    "war haben nur oder "
    "aber vor zur bis mehr durch man können müssen Größe Straße Rechnung Kunde Vertrag Lieferung prüfen "
    "Übersicht Änderung Anfrage Fehler bitte erklären Zusammenfassung Geschäft öffnen möglich größer",
    "tr": "ve bir bu da de için ile çok ne daha gibi kadar olan olarak sonra ama var değil ben "
    "sen o biz siz "
    "her şey yok mı mi müşteri sipariş fatura sözleşme ürün lütfen açıkla özet hata istek sunucu şirket "
    "İstanbul Ankara değişiklik güncelleme çalışma öğrenci görüş büyük küçük yeni eski iyi kötü doğru",
    "zh": "的 一 是 在 不 了 有 和 人 这 中 大 为 上 个 国 我 以 要 他 时 来 用 们 生 到 作 "
    "地 于 出 就 分 对 成 会 可 主 发 年 动 同 工 也 能 下 过 子 说 产 种 面 而 方 后 多 定 行 "
    "学 法 所 民 得 经 客户 订单 合同 "
    "发票 服务器 数据库 请求 错误 模型 总结 解释 请 问题 回答 公司 产品 价格 交付 更新 你好 世界",
}
_SYLLABLES = {
    "en": "con ter pro ver ment tion al ing er est re de in un able ly ous ist ant per form "
    "act port ure sta "
    "tra mar lin gen ser vi log ri ca to le ne ti ma ra so da",
    "de": "ver ge be ent ung heit keit lich isch er auf aus an ein zu haus werk stell führ bau "
    "land schaft tag "
    "zeit grün süß öff prüf maß groß fall satz wahl recht los voll bar sam",
    "tr": "lar ler da de ci cı lik lık sız siz gör bil ver al git gel yap yaz oku an et ol çal "
    "ış öğ ren ğ ün "
    "sev bak dur kal şim kü bü yol kap ı ta me",
    "zh": "系统 管理 技术 开发 信息 网络 安全 市场 经济 研究 方案 项目 需求 设计 测试 部署 质量 效率 成本 "
    "策略 用户 界面 接口 文档 会议 计划 团队 报告 分析 结果 目标 风险 流程 标准 版本 资源 支持 培训",
}
_STOPS = {"en": ". ", "de": ". ", "tr": ". ", "zh": "。"}
_PAUSES = ("", "", "", "", ",", ",", ":", " -")


class Language(NamedTuple):
    """Phrases (JSON-escaped already) and the cumulated weights of their ranks."""

    phrases: list[str]
    weights: list[float]
    joint: str
    stop: str

    def text(self, rnd: random.Random, phrases: int) -> str:
        """So many phrases in sentences, ready to stand inside a JSON string."""
        drawn = rnd.choices(self.phrases, cum_weights=self.weights, k=phrases)
        sentences = [self.joint.join(drawn[place : place + 4]) for place in range(0, phrases, 4)]
        return self.stop.join(sentences) + self.stop.strip()


def zipf(count: int, exponent: float = 1.0) -> list[float]:
    """Cumulated weights of ranks 1..count."""
    return list(accumulate(1 / (rank + 2) ** exponent for rank in range(count)))


def make_language(name: str, seed: str) -> Language:
    """The language `name` (en, de, tr, zh), the same for the same seed."""
    rnd = random.Random(f"{seed}/{name}")
    words = _words(name, rnd)
    weights = zipf(len(words))
    space = "" if name == "zh" else " "
    phrases = [_phrase(rnd.choices(words, cum_weights=weights, k=rnd.randint(2, 5)), space, rnd)
               for _ in range(PHRASES)]  # fmt: skip
    return Language(phrases, zipf(PHRASES, 0.3), "，" if name == "zh" else " ", _STOPS[name])


def _words(name: str, rnd: random.Random) -> list[str]:
    words = dict.fromkeys(_COMMON[name].split())
    syllables = _SYLLABLES[name].split()
    if name == "zh":
        syllables += map(chr, rnd.sample(range(0x4E00, 0x9FA5), 2_500))
    while len(words) < WORDS:
        word = "".join(rnd.choices(syllables, k=rnd.randint(1, 2) if name == "zh" else rnd.randint(2, 4)))
        words[word.capitalize() if rnd.random() < 0.08 else word] = None
    return list(words)


def _phrase(words: list[str], space: str, rnd: random.Random) -> str:
    chance = rnd.random()
    if chance < 0.03:
        words.append(str(rnd.randint(1, 99_999)))
    elif chance < 0.05:
        words.append(f'\\"{words[0]}\\"')
    elif chance < 0.07:
        words.append("\\n")
    elif chance < 0.08:
        words.append(f"{words[0]}_{words[-1]}()")
    return space.join(words) + rnd.choice(_PAUSES)
