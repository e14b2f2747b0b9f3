"""Writes the same five rows as a file drop, by the path's suffix: .xlsx with openpyxl, .xls with xlwt, .dbf with dbf, .parquet with
pyarrow. The test that reads them is `outside_writers_are_read`."""

import datetime
import sys

LI, WANG = "11010519491231002X", 440524188001010014
path = sys.argv[1]
kind = path.rsplit(".", 1)[1]
# A field's name has at most ten bytes there.
name = "XM" if kind == "dbf" else "姓 名) -- drop table (x"
header = ["SFZH", "GYR", name]
day = datetime.date(2026, 11, 22)
rows = [
    [LI, None, "张三"],
    ["110105491231002", None, day],
    [None, " 110105 19491231 002x", "陈&<五>"],
    [WANG, None, "an id as a number"],
    ["E12345678", "E12345678", "x" * 80],
]

if kind == "xlsx":
    import openpyxl

    book = openpyxl.Workbook()
    for row in [header, *rows]:
        book.active.append(row)
    book.save(path)
elif kind == "xls":
    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("表")
    style = xlwt.easyxf(num_format_str='yyyy"年"m"月"d"日"')
    for at, row in enumerate([header, *rows]):
        for column, value in enumerate(row):
            if value is not None:
                sheet.write(at, column, value, *([style] if isinstance(value, datetime.date) else []))
    book.save(path)
elif kind == "dbf":
    import dbf

    # A date and a number have fields of their own there; the names and ids stay text.
    table = dbf.Table(path, "SFZH C(40); GYR C(40); XM C(80)", codepage="cp936", dbf_type="db3")
    table.open(mode=dbf.READ_WRITE)
    for owner, other, text in rows:
        owner = f"{float(owner):.14e}" if isinstance(owner, int) else owner
        table.append((owner or "", other or "", str(text)))
    table.close()
elif kind == "parquet":
    import pyarrow
    import pyarrow.parquet

    # One type for each column: owners as numbers would lose Li's X.
    columns = [[None if cell is None else str(cell) for cell in column] for column in zip(*rows)]
    table = pyarrow.table({title: pyarrow.array(column).dictionary_encode() for title, column in zip(header, columns)})
    pyarrow.parquet.write_table(table, path, row_group_size=2, compression="zstd")
else:
    sys.exit(f"no writer for .{kind}")
