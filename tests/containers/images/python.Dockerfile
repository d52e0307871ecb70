# Stands in for python:3.11-slim: Debian's Python 3.11 where that image has its own.
FROM newsflow-standin-debian
RUN python3 -c 'import sys; assert sys.version_info[:2] == (3, 11)' \
    && rm --force /usr/lib/python3.11/EXTERNALLY-MANAGED \
    && ln --symbolic /usr/bin/python3 /usr/local/bin/python
# The machine may reach its package index through a proxy with a certificate of its own.
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
RUN printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' > /etc/pip.conf
