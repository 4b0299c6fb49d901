"""Imports: files of events, reports and checks on their way into the ledger, each row once.

`mapping` says which column holds what, `tables` and `dialects` read any CSV, `rows` checks a row, `staging` sorts rows into parts,
`running` writes part after part, `batches` is the life of an upload, `undoing` takes an import back by withdrawals.
"""

from exchanges.services.imports.batches import sweep

__all__ = ["sweep"]
