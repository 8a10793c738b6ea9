"""What was parsed is kept by its version, for as long as its object is there."""

from smendpoints.controller.parsed import Parsed


def test_a_version_is_parsed_once_and_what_is_gone_is_let_go_of() -> None:
    parsed: Parsed[str, str] = Parsed()
    made: list[str] = []

    def get(key: str, version: str | None) -> str:
        def parse() -> str:
            made.append(f"{key}{version}")
            return made[-1]

        return parsed.get(key, version, parse)

    assert [get("a", "1"), get("a", "1"), get("b", "1"), get("a", "2"), get("a", "2")] == ["a1", "a1", "b1", "a2", "a2"]
    assert made == ["a1", "b1", "a2"]
    assert [get("c", None), get("c", None)] == ["cNone", "cNone"], "no version is parsed each time"
    made.clear()
    parsed.keep({"a"})
    assert [get("a", "2"), get("b", "1")] == ["a2", "b1"]
    assert made == ["b1"]
