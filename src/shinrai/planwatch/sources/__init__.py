"""Where news about the plan comes from: one careful fetch, two official services, and a watch over a list.

`fetching` asks one address and says what came or why nothing did. `egov` asks for laws and their revisions, `estat`
for statistics, with a key from `key_reference`. `watched` reads the list of sources, `watch` looks at them and proposes
what has changed. Nothing here records a status or opens the evidence log, and nothing is contacted before it is called.
"""
