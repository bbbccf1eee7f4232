"""Every call, made in the sandbox's world: what comes back is typed, signed and true; what is changed is changed."""

from tests.providers.contract.table import cases
from tests.providers.contract.typed import mistyped, unsigned


@cases(lambda row: True)
async def test_it_tells_or_makes_the_truth(visit, box, case):
    client, place = visit(case.kind)
    found = await case.row.ask(client, place.names)

    assert [kind for kind in map(type, _things(found)) if kind not in case.row.found] == []
    assert [wrong for one in _things(found) for wrong in mistyped(one, type(one))] == []
    sources = {case.row.endpoint.partition("&")[0]}
    assert unsigned(found, case.kind, box.clock.now(), sources) == []
    seen, true = case.row.proof(found, place)
    assert seen == true


def _things(found: object) -> list[object]:
    """What there is to look at: the result, or each thing in it. There must be one."""
    things = list(found) if isinstance(found, list | tuple) else [found]
    assert things
    return things
