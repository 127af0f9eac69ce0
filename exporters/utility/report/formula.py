"""How a line comes about, in Korean: the engine writes English, in a handful of phrases."""

import re

_NUMBER = r"(-?\d+(?:,\d{3})*(?:\.\d+)?)"
_PHRASES: tuple[tuple[str, str], ...] = (
    (r"no reactive readings: the power factor is taken to be the standard",
     "무효전력 계량 없음: 기준 역률로 봄"),
    (r"sum of the months", "월별 합계"),
    (r"a first month is a notice only", "첫 달은 예고만"),
    (r"the contract was raised in this month", "당월 계약전력 증설"),
    (r"a notice only", "예고만"),
    (r"no energy", "사용량 없음"),
    (rf"{_NUMBER} kW above {_NUMBER} kW \({_NUMBER} %\)", r"계약 \2 kW 초과 \1 kW (\3 %)"),
    (rf"{_NUMBER} % of {_NUMBER}:", r"\2의 \1 %:"),
    (rf"{_NUMBER} %( \([^)]*\))? of {_NUMBER}", r"\3의 \1 %\2"),
    (rf"lagging {_NUMBER} % against {_NUMBER} %", r"지상역률 \1 % (기준 \2 %)"),
    (rf"leading {_NUMBER} % against {_NUMBER} %", r"진상역률 \1 % (기준 \2 %)"),
    (r"peak of this bill", "당월 최대수요"),
    (r"peak of (\d{4}-\d{2})", r"\1 최대수요"),
    (r"floor by the contract", "계약전력 하한"),
    (r"\(given\)", "(지정값)"),
    (rf"cut to {_NUMBER}(?: KRW)?", r"\1원 미만 절사"),
    (rf"rounded half up to {_NUMBER}(?: KRW)?", r"\1원 단위 반올림"),
    (rf" of {_NUMBER} days", r" / \1일"),
    (rf"{_NUMBER} months?\b", r"\1개월"),
    (r"(\d+)(/\d+)? days?\b", r"\1\2일"),
)  # fmt: skip


def korean(formula: str) -> str:
    """A formula in Korean; what is not known stays as it is."""
    for pattern, words in _PHRASES:
        formula = re.sub(pattern, words, formula)
    return formula.replace(" x ", " \N{MULTIPLICATION SIGN} ")
