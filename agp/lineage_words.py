"""A lineage without secrets: a tree of nodes in, the same tree out, its words replaced and cut."""

from collections.abc import Iterator

from filters.samples import excerpts
from filters.secrets import Redactor, home_redactor
from warehouse.lineage import Node
from warehouse.lineage_tree import QUOTED

WIDTH = 100  # characters of a text


def redacted_tree(root: Node, redactor: Redactor | None = None, everything: bool = False) -> Node:
    """Replace the secrets in the words of a tree and cut these to their first characters.

    Paths and ids stand as they are, for they are where to look; `everything` walks them as well.
    """
    nodes = list(of_tree(root))
    places = [(node, name) for node in nodes for name in QUOTED if node.facts.get(name)]
    if not places and not everything:
        return root
    redactor = redactor or home_redactor()
    texts = excerpts([node.facts[name] for node, name in places], WIDTH, redactor)
    for (node, name), text in zip(places, texts, strict=True):
        node.facts[name] = text
    if everything:
        found = redactor.value([[node.id, node.facts] for node in nodes])
        for node, (name, facts) in zip(nodes, found, strict=True):
            node.id, node.facts = name, facts
    return root


def of_tree(node: Node) -> Iterator[Node]:
    """Yield a node and all below it."""
    yield node
    for child in (*node.came_from, *node.went_into):
        yield from of_tree(child)
