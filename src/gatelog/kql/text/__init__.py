"""The text of a query: characters to tokens, and what is said of a text that does not parse.

tokens         what a text is made of
tokenizer      a text to its tokens
diagnostics    where it went wrong, what was expected, which word was likely meant
foreign_words  what people used to SQL and other languages write, and how KQL says it
"""
