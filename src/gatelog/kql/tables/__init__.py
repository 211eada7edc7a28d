"""What a table is to a query.

schema    columns and tables, with what stands behind them: JSON paths, indexes of words, charts
view      what a SQL view selects, so that a statement says it itself
possible  whether a condition can hold where a column has a given text: what a view can leave out
unlisted  columns that a table has only for a query that names them: `_ItemId` and others
"""
