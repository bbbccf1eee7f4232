"""The peer of `benchmarks.ingest`: django-anymail's SendGrid view, which verifies, normalises and remembers nothing.

`PUBLIC_KEY=… gunicorn benchmarks.anymail:application`
"""

import os
import warnings

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="bench",
    INSTALLED_APPS=["anymail"],
    # Says how long an answer is.
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    DATA_UPLOAD_MAX_MEMORY_SIZE=1024 * 1024,
    ANYMAIL={"SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": os.environ["PUBLIC_KEY"]},
    LOGGING_CONFIG=None,
)
django.setup()
# It says of each view that nobody maintains SendGrid's any more.
warnings.simplefilter("ignore")

from anymail.webhooks.sendgrid import SendGridTrackingWebhookView  # noqa: E402  # reads the settings

urlpatterns = [path("webhooks/sendgrid", SendGridTrackingWebhookView.as_view())]
application = WSGIHandler()
