"""account.php (000 and 001, chapter 1)."""

from aiohttp import web

from sandbox.umail.call import UMailCall
from sandbox.umail.markup import document, element, fields


def customer_info(call: UMailCall) -> web.Response:
    """000 1.1."""
    customer = call.account
    return document(
        element(
            "customer",
            fields(
                id=customer.customer_id,
                username=customer.username,
                company=customer.company,
                contact="林小姐",
                phone="020-00000000",
                mobile="00000000000",
                email=f"edm@{next(iter(customer.domains), 'example.com')}",
                im="",
                address="广州市 & 上海市",
            ),
        )
    )


def service_info(call: UMailCall) -> web.Response:
    """000 1.2; only 001's sample has `service_type` and `send_type`."""
    customer = call.account
    kinds = {"service_type": "all", "send_type": "local"} if call.v3 else {}
    return document(
        element(
            "service",
            fields(id=customer.customer_id, service_status="enabled" if customer.enabled else "disabled", **kinds),
            fields(
                beginning_date=customer.service_from,
                expiration_date=customer.service_until,
                qty_available=customer.balance(call.now),
                qty_buytotal=customer.bought,
            ),
        )
    )
