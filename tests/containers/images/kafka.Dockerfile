# Stands in for apache/kafka: the same jars, user, folders, volumes and start, on Debian's Java.
FROM newsflow-standin-debian
COPY jars /opt/kafka/libs/
COPY kafka /etc/kafka/docker/
RUN useradd --uid 1000 --create-home appuser \
    && cd /etc/kafka/docker && touch server.properties && cp log4j2.yaml tools-log4j2.yaml && chmod 755 run \
    && mkdir --parents /opt/kafka/config /var/lib/kafka/data /etc/kafka/secrets /mnt/shared/config \
    && chown --recursive appuser:appuser /opt/kafka/config /var/lib/kafka /etc/kafka /mnt/shared/config
USER appuser
EXPOSE 9092
VOLUME ["/etc/kafka/secrets", "/var/lib/kafka/data", "/mnt/shared/config"]
CMD ["/etc/kafka/docker/run"]
