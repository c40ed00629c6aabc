"""`make test-spark` says what is missing, and `make test` goes on without it."""

import pytest

from tools.install import InstallError
from tools.maintain import spark


def java(folder, says):
    folder.mkdir()
    script = folder / "java"
    script.write_text(f"#!/bin/sh\necho 'openjdk version \"{says}\" 2025-04-15' >&2\n")
    script.chmod(0o755)


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_392"', 8),
        ('openjdk version "21" 2023-09-19', 21),
        ("Unable to locate a Java Runtime", None),
    ],
)
def test_the_version_of_java_is_read_from_what_it_says(text, version):
    assert spark.java_version(text) == version


def test_without_java_the_verb_says_how_to_get_it_and_make_test_goes_on(path, capsys):
    with pytest.raises(InstallError, match=r"there is no Java here\. Spark needs Java 17 or newer"):
        spark.run("python", [])
    assert spark.run_or_say_why_not("python", []) == 0
    assert "Skipped: connectors/cdr-spark/spark_tests; everything else has run." in capsys.readouterr().err


def test_an_old_java_is_named(path):
    java(path, "11.0.2")
    assert "is Java 11. Spark needs Java 17" in spark.why_not()


def test_a_java_that_fits_will_do_and_java_home_comes_first(path, monkeypatch):
    java(path, "17.0.15")
    assert spark.why_not() is None
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    assert "there is no Java here" in spark.why_not()


@pytest.mark.parametrize(("code", "result"), [(0, 0), (1, 1), (5, 0)])
def test_where_no_test_of_spark_is_chosen_make_test_goes_on(monkeypatch, code, result):
    monkeypatch.setattr(spark, "run", lambda *_: code)
    assert spark.run_or_say_why_not("python", ["-k", "nothing"]) == result
