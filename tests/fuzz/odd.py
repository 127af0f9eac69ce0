"""What parsers stumble over: texts and numbers of every odd kind."""

SECRET = "hunter2-not-for-the-log"  # noqa: S105 - planted, to be found again in no message
"""Put where people put secrets by mistake; no message may repeat it."""

DIGITS = "9" * 5000
"""More than Python turns into a number by itself (sys.get_int_max_str_digits)."""
LONG = "long " * 30_000

TIMES = (
    "2027-11-01T00:15:00+09:00",
    "2027-11-01T00:15:00",
    "2027-11-01",
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00+00:00",
    "9999-12-31T23:45:00-12:00",
    "9999-12-31T23:59:59.999999+00:00",
    "0001-01-01 00:00",
    "9999-12-31 24:00",
    "2027-02-30T25:61:00Z",
    "20271101T001500Z",
    "2027-W44-1",
    "00:15",
    "1793458800",
    "-62135596800",
    "253402300800",
)

NUMBERS = (
    "0",
    "1",
    "-1",
    "0.1",
    "-0.0",
    "1e3",
    "1e30",
    "1e31",
    "1e308",
    "1e400",
    "-1e400",
    "1e-400",
    "1e999999999",
    "1e-999999999",
    "1e9999999999999999999999",
    "1" + "0" * 40,
    "9" * 20,
    "9" * 400,
    DIGITS,
    "-" + DIGITS,
    "0." + "1" * 5000,
    "4294967295",
    "9223372036854775808",
    "18446744073709551615",
    "NaN",
    "sNaN",
    "Infinity",
    "-inf",
    "1_000",
    "1,000",
    "+5",
    " 5",
    "0x10",
    "\N{ARABIC-INDIC DIGIT THREE}",
    "\N{SUPERSCRIPT TWO}",
    "\N{FULLWIDTH DIGIT FOUR}",
)

SECRET_URLS = (
    f"https://user:{SECRET}@host:1",
    f"user:{SECRET}@host",
    f"http://user:{SECRET}/x@host",
    f"https://user:a b{SECRET}@host",
    f"https://{SECRET}@host/#@",
)
"""What people write as a URL, with what does not belong into one."""

PLACES = (
    "http://[::1",
    "http://[::1]:99999/",
    "//other.example/redfish",
    "https://host:port",
    "http://a.example:0/#?",
    "../../../etc/hostname",
    "/",
    "Asia",
    "Asia/Seoul",
    "file:///etc/hostname",
    "[::]:9411",
    "0.0.0.0:99999",
    "host:\N{SUPERSCRIPT TWO}",
    f"host:{DIGITS}",
    "+/+/#",
)

WORDS = (
    "",
    " ",
    "a",
    "a\nb",
    "a\r\nb",
    "a\x1b[31mred",
    "\0",
    "\x7f\x85\u2028",
    "\u202egnp.exe",
    "\ufeff",
    "'",
    '"',
    '"""',
    "{}",
    "{1}{2}",
    "%s%n",
    "%d",
    "\\",
    "$(id)",
    "null",
    "true",
    "None",
    "e\N{COMBINING ACUTE ACCENT}" * 20,
    "\N{GRINNING FACE}",
    "x" * 200,
    "x" * 5000,
    " " * 5000,
    "a." * 2000,
    LONG,
)

TEXTS = (*WORDS, *NUMBERS, *TIMES, *PLACES)
