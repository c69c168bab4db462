# SPDX-License-Identifier: MIT
"""Django. `wsgi` and `asgi` serve the same synchronous views; under ASGI, Django 3.2 runs
all of them in one thread (sync_to_async, thread-sensitive). `coroutines` has asynchronous
views. The environment's DJANGO_VIEWS chooses: sync (the default) or async.
"""
import os

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

import workloads

settings.configure(DEBUG=False, SECRET_KEY="of no use here", ALLOWED_HOSTS=["127.0.0.1"],
                   ROOT_URLCONF=__name__, MIDDLEWARE=[], INSTALLED_APPS=[], LOGGING_CONFIG=None)
django.setup()


def _sync_view(name: str):
    def view(request):
        status, body = _sync.answer(name, request.META["QUERY_STRING"])
        return HttpResponse(body, content_type="text/plain", status=status)
    return view


def _async_view(name: str):
    async def view(request):
        status, body = await _async.answer(name, request.META["QUERY_STRING"])
        return HttpResponse(body, content_type="text/plain", status=status)
    return view


if os.environ.get("DJANGO_VIEWS") == "async":
    _async, _make = workloads.Async(), _async_view
else:
    _sync, _make = workloads.Sync(), _sync_view
urlpatterns = [path(name, _make(name)) for name in workloads.NAMES]
wsgi, asgi = get_wsgi_application(), get_asgi_application()
