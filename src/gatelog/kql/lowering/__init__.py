"""From the bound query to SELECT statements.

lower      relations to SELECTs
block      one SELECT in the making: what it has in reach, and how it is written down
constants  which columns of an answer are the same in all rows
"""
