"""Tables of the user's: a file into columns, columns into kinds, and a target into a task.

Pure functions of files and values: they read no config and write nothing.
"""

from seedbed.data.tables.conforming import class_codes, typed_frame
from seedbed.data.tables.files.columnar import plain_frame
from seedbed.data.tables.files.options import ReadOptions
from seedbed.data.tables.files.reading import RawTable, read_table
from seedbed.data.tables.inference import infer_schema
from seedbed.data.tables.schema import KINDS, Column, TableSchema, from_plain, to_plain
from seedbed.data.tables.shown import schema_lines

__all__ = [
    "KINDS",
    "Column",
    "RawTable",
    "ReadOptions",
    "TableSchema",
    "class_codes",
    "from_plain",
    "infer_schema",
    "plain_frame",
    "read_table",
    "schema_lines",
    "to_plain",
    "typed_frame",
]
