"""The public test kit. Modules are entered one by one: some start engines, some start processes."""

__all__ = ["clickhouse_server", "filesystem", "hostile", "kql", "records", "stack"]
