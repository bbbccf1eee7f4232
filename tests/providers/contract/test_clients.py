"""What holds for every vendor in `PROVIDERS`."""

import inspect

import httpx
import pytest
from pydantic import ValidationError

from providers import PROVIDERS, base, capabilities
from providers.base import (
    ChangesTasks,
    ListsFailures,
    ListsMessages,
    LooksUpMessages,
    Provider,
    ReadsTasks,
    SendsMessages,
    TellsAccount,
    TellsBalance,
    TellsDayStats,
    TellsTaskStats,
    require,
)
from providers.capabilities import (
    ExplainsFailures,
    HasConsole,
    ImportsContacts,
    KeepsContacts,
    KeepsDomains,
    KeepsLists,
    KeepsLog,
    KeepsMailboxes,
    KeepsSubscriptions,
    KeepsTemplates,
    TellsCharges,
    TracksTasks,
)
from providers.errors import UnsupportedError
from tests.providers.vendor import PASSWORD, SECTIONS, SHANGHAI, Turns, reply

CAPABILITIES = {
    "umail": {
        TellsAccount,
        TellsBalance,
        ReadsTasks,
        ChangesTasks,
        TellsDayStats,
        TellsTaskStats,
        ListsFailures,
        ExplainsFailures,
        TellsCharges,
        KeepsLog,
        TracksTasks,
        KeepsLists,
        KeepsSubscriptions,
        KeepsContacts,
        ImportsContacts,
        KeepsTemplates,
        KeepsDomains,
        KeepsMailboxes,
        HasConsole,
    },
    "emailcar": {TellsBalance, TellsDayStats, SendsMessages, ListsMessages},
    "itnio": {LooksUpMessages},
}
URLS = {
    "umail": "http://www.bestedm.org/mm-ms/apinew/",
    "emailcar": "http://webapi.emailcar.net/v1/",
    "itnio": "https://api.itniotech.com/email/",
}
EVERY = pytest.mark.parametrize("name", PROVIDERS)


def made(name: str, **more):
    cls = PROVIDERS[name]
    return cls(name, cls.Settings(**SECTIONS[name]), timezone=SHANGHAI, limiter=Turns(), **more)


def test_the_registry_names_all_three():
    assert {name: cls.title for name, cls in PROVIDERS.items()} == {
        "umail": "U-Mail",
        "emailcar": "EmailCar",
        "itnio": "ITNIO",
    }


@EVERY
async def test_a_client_has_exactly_the_capabilities_it_claims(name):
    client = made(name)
    found = [*inspect.getmembers(base, inspect.isclass), *inspect.getmembers(capabilities, inspect.isclass)]
    claimable = {kind for _, kind in found if Provider in kind.__mro__}
    assert {kind for kind in claimable - {Provider} if isinstance(client, kind)} == CAPABILITIES[name]
    for kind in claimable - {Provider} - CAPABILITIES[name]:
        with pytest.raises(UnsupportedError) as caught:
            require(client, kind)
        assert caught.value.capability is kind
    assert client.account == name
    await client.aclose()


@EVERY
def test_every_vendor_is_made_the_same_way(name):
    expected = inspect.signature(base.ProviderType.__call__).parameters
    found = inspect.signature(PROVIDERS[name].__init__).parameters
    assert [(p.name, p.kind, p.default) for p in found.values()] == [
        (p.name, p.kind, p.default) for p in expected.values()
    ]


@EVERY
def test_settings_are_frozen_know_their_keys_and_print_no_secret(name):
    cls = PROVIDERS[name]
    settings = cls.Settings(**SECTIONS[name])
    assert settings.base_url == URLS[name]
    with pytest.raises(ValidationError):
        settings.base_url = "http://elsewhere.example/"
    with pytest.raises(ValidationError):
        cls.Settings(**SECTIONS[name], colour="red")
    told = repr(settings) + str(settings) + settings.model_dump_json()
    assert [secret for secret in (PASSWORD, "s3cret-s3cret", "bDqJFiq9") if secret in told] == []


@EVERY
@pytest.mark.parametrize(
    "url",
    ["ftp://x.example/", "x.example", "http://", "http://u:hunter2@x.example/", "http://x.example/?a=1", "http://x:y/"],
)
def test_a_base_url_that_cannot_work_is_refused_without_repeating_it(name, url):
    with pytest.raises(ValidationError) as caught:
        PROVIDERS[name].Settings(**SECTIONS[name], base_url=url)
    assert "hunter2" not in str(caught.value)
    assert [detail["loc"] for detail in caught.value.errors()] == [("base_url",)]


@EVERY
async def test_connections_that_were_handed_in_are_not_closed(vendor, name):
    vendor.says(reply(""))
    async with httpx.AsyncClient(trust_env=False) as client:
        await made(name, client=client).aclose()
        assert (await client.get(vendor.url)).status_code == 200


@EVERY
async def test_neither_proxies_nor_netrc_of_the_environment_are_used(monkeypatch, name):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    client = made(name)
    assert client._wire._client._mounts == {}
    assert client._wire._client.trust_env is False
    await client.aclose()
