# SPDX-License-Identifier: MIT
# docker build -t troika . && docker run --rm -v "$PWD:/work" -w /work troika bench quick
# PostgreSQL, Redis and Node.js are left out, and with them the workloads query and
# cache and the models node*.
FROM debian:12 AS build
RUN apt-get update && apt-get install -y --no-install-recommends git make gcc python3 ca-certificates help2man
COPY . /src
WORKDIR /src
RUN make deps && make -j2 && make install DESTDIR=/out PREFIX=/usr

FROM debian:12
RUN apt-get update && apt-get install -y --no-install-recommends libuv1 libjansson4 libinih1 libssl3 \
    gnuplot-nox python3 python3-jinja2 && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/usr /usr
ENTRYPOINT ["troika"]
