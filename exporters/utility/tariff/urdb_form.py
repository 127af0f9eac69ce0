"""What is read of a rate of the Utility Rate Database, each value of the type it should have."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from collector.shown import shown
from exporters.utility.tariff.errors import TariffFileError
from exporters.utility.tariff.money import Amount

MONTHS, HOURS = 12, 24
_MOST_PERIODS = 1000
_MOST_TOLD = 5


def _text(value: object) -> str:
    """A line of text; it is written into a file."""
    if value is None:
        return ""
    if not isinstance(value, str | int):
        raise ValueError("allowed is text")  # noqa: TRY004 - pydantic turns it into its own error
    return shown(str(value))


def _schedule(value: list[list[int]]) -> list[list[int]]:
    if len(value) != MONTHS or any(len(row) != HOURS for row in value):
        raise ValueError("it must have 12 rows of 24 hours")
    return value


def _months(value: list[int]) -> list[int]:
    if value and len(value) != MONTHS:
        raise ValueError("it must have 12 months")
    return value


_Text = Annotated[str, BeforeValidator(_text)]
_Period = Annotated[int, Field(ge=0, le=_MOST_PERIODS)]
_Schedule = Annotated[list[list[_Period]], AfterValidator(_schedule)]


class Tier(BaseModel):
    """A price up to so much energy."""

    model_config = ConfigDict(frozen=True)

    max: Amount | None = None
    rate: Amount | None = None
    adj: Amount | None = None
    sell: Any = None
    unit: _Text = ""

    @property
    def price(self) -> Decimal:
        """The rate with its adjustment."""
        return (self.rate or Decimal(0)) + (self.adj or Decimal(0))


_Structure = Annotated[list[list[Tier]], Field(max_length=_MOST_PERIODS)]


class Rate(BaseModel):
    """One rate, with the form's own names. What is not read here is let through."""

    model_config = ConfigDict(frozen=True)

    label: _Text = ""
    name: _Text = ""
    utility: _Text = ""
    source: _Text = ""
    uri: _Text = ""
    startdate: int | str | None = None
    enddate: int | str | None = None
    energyratestructure: _Structure
    energyweekdayschedule: _Schedule | None = None
    energyweekendschedule: _Schedule | None = None
    demandratestructure: _Structure | None = None
    demandweekdayschedule: _Schedule | None = None
    demandweekendschedule: _Schedule | None = None
    flatdemandstructure: _Structure | None = None
    flatdemandmonths: Annotated[list[_Period], AfterValidator(_months)] | None = None
    demandwindow: int | None = None
    fixedchargefirstmeter: Amount | None = None
    fixedmonthlycharge: Amount | None = None
    fixedchargeunits: _Text = "$/month"


def rate_of(document: object) -> Rate:
    """A rate with its types checked.

    Raises:
        TariffFileError: with what is wrong.
    """
    try:
        return Rate.model_validate(document)
    except ValidationError as error:
        details = error.errors(include_url=False)[:_MOST_TOLD]
        told = [
            f"{'.'.join(shown(str(part)) for part in each['loc'])}: "
            f"{shown(each['msg'].removeprefix('Value error, '))}"
            for each in details
        ]
        raise TariffFileError("; ".join(told)) from None
