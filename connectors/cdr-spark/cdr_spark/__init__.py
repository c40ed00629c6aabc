"""Call records as a data source of Apache Spark: `spark.dataSource.register(CallRecords)`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cdr_spark.datasource import CallRecords

__all__ = ["CallRecords"]


def __getattr__(name: str) -> Any:
    """Import the data source when it is asked for: planning and reading are of use, and tested, without PySpark."""
    if name == "CallRecords":
        from cdr_spark.datasource import CallRecords  # noqa: PLC0415  see above

        return CallRecords
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
