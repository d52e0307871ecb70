# Stands in for prom/prometheus: the same user, folders and entry point, with Debian's programs.
FROM newsflow-standin-debian
COPY --chmod=755 prometheus promtool /bin/
RUN install --directory --owner=65534 --group=65534 /prometheus /etc/prometheus
WORKDIR /prometheus
USER 65534:65534
EXPOSE 9090
VOLUME ["/prometheus"]
ENTRYPOINT ["/bin/prometheus"]
