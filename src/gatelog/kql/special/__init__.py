"""Functions that need more than the values of their arguments.

special_functions  the clock of the query, the columns of the row, a type literal, a table
setting_functions  names of columns, settings of the query, who asks
several_columns    calls that make several columns
windows            values over the order of the rows
sessions           row_window_session
"""
