"""The tree keeps the shape that architecture promises: checked by machine, or it is not a rule."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "kitei"
MODULES = sorted(PACKAGE.rglob("*.py"))
SERVICE_MODULES = ("application", "decision", "contract", "intent", "observation", "invoice")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_says_what_it_is_and_fits_the_eye(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 450, f"{name(path)} is too long to read at one go; split it"
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), f"{name(path)} opens without a sentence of what it is"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_types_are_nouns_of_the_domain(path: Path) -> None:
    vague = ("Manager", "Helper", "Util", "Processor", "Handler")
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef):
            assert not node.name.endswith(vague), f"{name(path)}: {node.name} says nothing; name the thing"
    assert path.stem not in {"utils", "helpers", "misc", "common", "data"}, f"{name(path)} names nothing"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_errors_are_not_swallowed(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "BaseException")
            silent = all(isinstance(line, ast.Pass) for line in node.body)
            assert not (broad and silent), f"{name(path)}:{node.lineno} hides every error"


def services() -> list[Path]:
    return sorted(p for p in (PACKAGE / "services").iterdir() if (p / "__init__.py").exists())


@pytest.mark.parametrize("folder", services(), ids=lambda p: p.name)
def test_every_service_has_the_same_modules(folder: Path) -> None:
    missing = [m for m in SERVICE_MODULES if not (folder / f"{m}.py").exists() and not (folder / m).is_dir()]
    assert not missing, f"{folder.name} lacks {', '.join(missing)}"
    assert list((folder / "terms").glob("????-??-??/provisions.toml")), f"{folder.name} has no edition"


def test_no_two_test_modules_have_one_name() -> None:
    """pytest collects them into one namespace."""
    names = [place.name for place in Path(__file__).parent.rglob("*.py") if place.name != "conftest.py"]
    assert sorted(names) == sorted(set(names))
