from pathlib import Path

import pytest

from controls.kernel import Refusal
from streams.sources import adapter, read_source

HEAD = """
source_id = "web-crm"
org_id = "example-kk"
system_id = "crm"
host = "crm.example.jp"
"""
READ = """
[[path]]
match = '/c/(?P<id>[0-9]+)'
class = "/c/{id}"
kind = "datastore"
operation = "read"
dataset = "customers"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "source.toml"
    path.write_text(text)
    return path


def test_a_source_says_what_its_lines_do_not(tmp_path: Path) -> None:
    source = read_source(written(tmp_path, HEAD + READ))
    rule = source.rule("GET", "/c/17")
    assert rule
    assert (rule.path_class, rule.dataset, rule.rows) == ("/c/{id}", "customers", 1)
    assert source.rule("GET", "/c/17/x") is None
    assert (source.scheme, source.tls_version) == (None, None)


def test_a_user_becomes_a_person_by_the_first_rule_that_fits(tmp_path: Path) -> None:
    rules = r"""
[[user]]
match = '([a-z]+)@example\.jp'
ref = '\1'
account = 'crm:\1'
kind = "staff"
[[user]]
match = 'svc-.*'
kind = "service"
"""
    source = read_source(written(tmp_path, HEAD + rules))
    assert source.person("sato@example.jp") == ("sato", "crm:sato", "staff")
    assert source.person("svc-batch") == ("svc-batch", "svc-batch", "service")
    assert source.person("guest") == ("guest", "guest", "unknown")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("source_id = ", "no TOML"),
        (HEAD.replace('host = "crm.example.jp"', ""), "host: Field required"),
        (HEAD + 'colour = "red"', "colour: Extra inputs are not permitted"),
        (HEAD + 'scheme = "ftp"', "scheme: Input should be 'http' or 'https'"),
        (HEAD + READ.replace("[0-9]+", "[0-9"), "path.0.match: Value error, a regular expression"),
        (HEAD + READ.replace('"read"', '"copy"'), "operation of a datastore: one of read, write"),
        (HEAD + READ.replace('dataset = "customers"', ""), "'/c/{id}': a dataset is expected"),
        (HEAD + READ + 'rows = "n"', "no group 'n' in match or query"),
        (HEAD + READ + "rows = -1", "a number from 0 up"),
        (HEAD + READ.replace('kind = "datastore"', ""), 'kind = "datastore" or "file" is expected'),
        (HEAD + "[[user]]\nmatch = 'a'\nref = '\\1'\nkind = 'staff'", "invalid group reference"),
    ],
)
def test_a_wrong_source_is_refused_with_file_and_place(
    text: str, says: str, tmp_path: Path
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(Refusal) as refused:
        read_source(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert says in str(refused.value)


def test_an_unknown_format_and_a_log_without_its_source_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="known: events, combined, nginx, apache"):
        adapter("iis", None, lambda *_: "")
    with pytest.raises(Refusal, match="give --source"):
        adapter("nginx", None, lambda *_: "")
    with pytest.raises(Refusal, match="cannot be read"):
        read_source(tmp_path / "absent.toml")
