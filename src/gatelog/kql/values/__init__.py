"""Values and what is done with them: constants, conversions, arithmetic, comparisons, dynamic values.

literals        constants of the query as terms
conversions     from one type to another
integers        what becomes an int or a long
datetime_texts  texts that are dates
known_times     times that are known when the query is compiled
arithmetic      + - * / % and unary minus
comparisons     == < between and or not
json_values     dynamic values: JSON text, with SQL NULL for null
json_access     their members and elements
json_paths      paths into them
json_numbers    dynamic values beside integers
results         what the engine returns, as JSON, as text and as Python values
"""
