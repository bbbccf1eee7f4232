"""Where webhooks may go: the corpus of addresses and spellings that lead into somebody's own network."""

import pytest

from bridge.webhooks.destinations import Fault, UnsafeError, is_open, judge

CLOSED = {
    "private": "10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1",
    "loopback": "127.0.0.1 127.1.2.3 ::1",
    "link-local": "169.254.0.1 fe80::1 fe80::1%eth0 febf::1",
    "metadata": "169.254.169.254 100.100.100.200 192.0.0.192 168.63.129.16 fd00:ec2::254 fd20:ce::254",
    "of nobody": "0.0.0.0 0.1.2.3 :: 255.255.255.255 240.0.0.1 192.0.2.1 198.51.100.7 203.0.113.7 2001:db8::1 3fff::1",
    "cgnat": "100.64.0.1 100.127.255.255",
    "benchmarks": "198.18.0.1 198.19.255.255",
    "multicast": "224.0.0.1 239.255.255.255 ff02::1 ff0e::1",
    "unique local": "fc00::1 fd12:3456::1",
    "site local": "fec0::1",
    "mapped": "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::ffff:7f00:1",
    "compatible": "::127.0.0.1 ::8.8.8.8 ::7f00:1",
    "translated": "::ffff:0:127.0.0.1",
    "nat64": "64:ff9b::127.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::10.0.0.1",
    "6to4": "2002:7f00:1:: 2002:a00:1::1 192.88.99.1",
    "teredo": "2001::1 2001:0:7f00:1::1 2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "orchid": "2001:10::1 2001:20::1",
    "discard": "100::1",
    "no address": "localhost x 127.1 1 0x7f.1",
}
OPEN = "1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.1 172.32.0.1 192.169.0.1 11.0.0.1 2606:4700::1111 2a00:1450::1"
OWN = "127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 100.64.0.1 ::1 fd12:3456::1"
NEVER = "169.254.169.254 100.100.100.200 fd00:ec2::254 fe80::1 0.0.0.0 :: 224.0.0.1 ::ffff:127.0.0.1 192.0.0.192"


@pytest.mark.parametrize(("kind", "address"), [(kind, one) for kind, all_ in CLOSED.items() for one in all_.split()])
def test_no_connection_is_made_to_an_address_that_is_not_of_the_open_internet(kind, address):
    assert not is_open(address), kind


@pytest.mark.parametrize("address", OPEN.split())
def test_what_is_next_to_a_closed_network_is_open(address):
    assert is_open(address)


@pytest.mark.parametrize("address", OWN.split())
def test_ones_own_network_is_open_to_who_was_allowed(address):
    assert is_open(address, allow_private=True)


@pytest.mark.parametrize("address", NEVER.split())
def test_where_clouds_keep_their_keys_nobody_is_allowed(address):
    assert not is_open(address, allow_private=True)


REFUSED = {
    Fault.NOT_HTTPS: "http://example.com/ http://8.8.8.8/",
    Fault.PRIVATE: """
        https://127.0.0.1/ https://[::1]/ https://[::ffff:127.0.0.1]/ https://[::ffff:7f00:1]/ https://10.0.0.1:8443/x
        https://169.254.169.254/latest/meta-data/ https://[64:ff9b::7f00:1]/ https://[2002:7f00:1::]/ https://[::]/
        https://[fe80::1%25eth0]/ https://[fd00:ec2::254]/ https://0.0.0.0/
        """,
    Fault.ODD_ADDRESS: """
        https://2130706433/ https://0x7f000001/ https://0x7f.0.0.1/ https://0177.0.0.1/ https://017700000001/
        https://127.1/ https://127.0.1/ https://0/ https://0x/ https://127.0.0.1./ https://1.2.3.4.5/ https://a.b.0x10/
        https://00000127.0.0.1/ https://256.256.256.256/ https://2130706433./
        """,
    Fault.NO_URL: r"""
        example.com //example.com/ ftp://example.com/ file:///etc/passwd gopher://example.com/ javascript:alert(1)
        https:///x https://?x https://user@example.com/ https://user:pass@example.com/ https://example.com@127.0.0.1/
        https://example.com:0/ https://example.com:99999/ https://example.com:x/ https://example.com/#x
        https://example.com\@127.0.0.1/ https://exam_ple..com/ https://-a.com/ https://[::1/ https://[x]/
        https://example.com%2f@127.0.0.1/ https://ex%61mple.com/ https://１２７.0.0.1/ https://①②⑦.⓪.⓪.①/
        https://127。0。0。1/ https://bücher.example/ HTTPS
        """,
}


def fault_of(url, **allowed):
    """What is wrong with a URL; None when it is taken."""
    try:
        judge(url, **allowed)
    except UnsafeError as error:
        return error.fault
    return None


@pytest.mark.parametrize(("fault", "url"), [(fault, one) for fault, all_ in REFUSED.items() for one in all_.split()])
def test_a_url_that_no_look_up_could_make_good_is_refused(fault, url):
    assert fault_of(url) is fault


@pytest.mark.parametrize(
    "url", ["https://exa mple.com/", "https://example.com/\r\nX: y", "https://example.com/\x00", ""]
)
def test_a_url_with_what_does_not_belong_there_is_refused(url):
    assert fault_of(url) is Fault.NO_URL


@pytest.mark.parametrize(
    "url", ["https://example.com", "https://hooks.example.com:8443/a/b?c=d", "HTTPS://EXAMPLE.COM/", "https://8.8.8.8/"]
)
def test_a_url_of_the_open_internet_is_taken(url):
    assert fault_of(url) is None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/x", "http://crm.internal/", "https://[::1]/", "http://10.0.0.1"]
)
def test_who_was_allowed_may_name_ones_own_network_without_tls(url):
    assert fault_of(url, allow_private=True) is None
    assert fault_of(url) in {Fault.NOT_HTTPS, Fault.PRIVATE}
