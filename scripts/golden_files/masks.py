"""What of an output depends on time or on the machine, and what is put in its place."""
import functools
import json
import re

# Keys whose values, and all below them, are never the same twice. Keys and types stay.
TIMED = re.compile(
    r"(_ms|_s|_w|_j|_mb)$|^fps$|cpu|rss|_at$|utilisation|realtime_factor|power|energy|readings|queue_highest|"
    r"instructions|cycles|j_per_|load_average|^machine$|^edgepipe$|wall|attainment|^since$|_per_s$|spread|"
    r"Ms$|^outliers$|over_repeats|^processor$|^system$|bottleneck|^limit|forecast|balance_of|noise|^seconds$")
# They look like times, and belong to the media.
MEDIA_TIME = {"pts_s", "dwell_s"}


def merged(one, other):
    """The form that two values have together: of objects all keys, of lists what may be in them."""
    if one == other:
        return one
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: merged(one.get(key, "absent"), other.get(key, "absent")) for key in dict.fromkeys([*one, *other])}
    if isinstance(one, list) and isinstance(other, list):
        return list_shape(one + other)
    both = [*(one if isinstance(one, tuple) else (one,)), *(other if isinstance(other, tuple) else (other,))]
    return tuple(sorted({json.dumps(form): form for form in both}.values(), key=json.dumps))


def shape(value):
    """Keys and types, without values."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return list_shape(map(shape, value))
    if value is None:
        return "null"
    return {bool: "bool", str: "string"}.get(type(value), "number")


def list_shape(forms):
    """A list by the one form of its elements."""
    forms = list(forms)
    return [functools.reduce(merged, forms)] if forms else []


def masked(value, key=""):
    """The value with all that depends on time reduced to its shape."""
    if TIMED.search(key) and key not in MEDIA_TIME:
        return shape(value)
    if isinstance(value, dict):
        return {name: masked(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [masked(one) for one in value]
    return value


def pretty(value):
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def json_text(text, reduce=masked):
    """A JSON document, or whatever else it is, as it may be compared."""
    try:
        return pretty(reduce(json.loads(text)))
    except json.JSONDecodeError:
        return text


def json_lines(text, reduce=masked):
    """JSON Lines, those of one stream together: how streams alternate is a matter of time."""
    lines = [json.loads(line) for line in text.splitlines()]
    lines.sort(key=lambda line: line.get("stream", ""))
    return "".join(json.dumps(reduce(line), ensure_ascii=False) + "\n" for line in lines)


def words(text):
    """A text for people without its figures, and without the widths of columns that come with them."""
    text = re.sub(r"(?m)^power  .*(\n {2,}(not used|above the budget).*)*", "power  (of the machine)", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:<port>", text)
    text = re.sub(r"(?<![\d.])\d+\.\d+(?![\d.])", "#", text)
    text = re.sub(r"\b\d+(?= (MB|ms|W|J|s|%|fps)\b)", "#", text)
    text = re.sub(r"-{2,}", "--", text)
    return re.sub(r" {2,}", "  ", text)


def log(text):
    """What went to standard error: threads speak in no fixed order."""
    return "".join(sorted(words(text).splitlines(keepends=True)))


def places(text, replacements):
    """The text with folders that differ from run to run called by a name."""
    for path, name in replacements:
        text = text.replace(path, name).replace(path.replace("/", "\\/"), name)
    return text
