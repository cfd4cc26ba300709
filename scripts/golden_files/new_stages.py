"""Stage types that the golden files do not know yet: what they add to the texts is left out of the comparison, so that a
new stage needs no other change here. `scripts/golden update` takes them in."""
import json
import re


def without(found, expected):
    """`found` without its new stage types, and their names."""
    def types(texts):
        return {name.removeprefix("stages/") for name in texts if re.fullmatch(r"stages/\w+\.\w+", name)}

    new = sorted(types(found) - types(expected))
    if not new:
        return found, new
    left = {name: text for name, text in found.items() if name.removeprefix("stages/") not in new}
    for name, text in left.items():
        for stage in new:
            # In lists of known types.
            text = re.sub(rf"(?<=, ){re.escape(stage)}, |, {re.escape(stage)}(?=\W|$)|(?<=: ){re.escape(stage)}, ", "", text,
                          flags=re.MULTILINE)
        left[name] = text
    left["stages/stages"] = table(found["stages/stages"], new, expected.get("stages/stages", ""))
    left["stages/schema"] = schema(found["stages/schema"], new)
    return left, new


def table(text, new, expected):
    """The table without the rows of the new types; a wider column alone is no difference."""
    def words(lines):
        return [line.split() for line in lines if not re.fullmatch(r"[- ]+", line)]

    rows = [line for line in text.splitlines() if line.split(" ")[0] not in new]
    return expected if words(rows) == words(expected.splitlines()) else "".join(f"{row}\n" for row in rows)


def schema(text, new):
    head, _, body = text.partition("{")
    root = json.loads("{" + body)
    definitions = root["$defs"]
    stage = definitions["stage"]
    for name in new:
        definitions.pop(name)
    stage["properties"]["type"]["enum"] = [name for name in stage["properties"]["type"]["enum"] if name not in new]
    stage["allOf"] = [rule for rule in stage["allOf"] if rule["then"]["$ref"].removeprefix("#/$defs/") not in new]
    return head + json.dumps(root, indent=2, ensure_ascii=False) + text[len(text.rstrip()):]
