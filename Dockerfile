# The version of rust-toolchain.toml (a test compares the two), on the oldest Debian that has it: 0024 says why.
FROM rust:1.95.0-slim-bookworm AS build
# What OpenSSL is built by. No versions: Debian keeps only the newest of each, so a build that names one breaks.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libc6-dev make perl \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src

# The dependencies, in a layer of their own: it is built again when one of these files changes, and not when our code does.
COPY Cargo.toml Cargo.lock ./
COPY deploy/toolchain.sh deploy/static-binary deploy/
COPY deploy/static deploy/static
RUN mkdir src benches \
    && echo 'fn main() {}' >src/main.rs \
    && touch src/lib.rs \
    && sed -n '/^\[\[bench\]\]/,/^$/s|^name = "\(.*\)"$|benches/\1.rs|p' Cargo.toml >benches/list \
    && xargs touch <benches/list \
    && deploy/static-binary \
    && rm -r src

# Ours. Touched, because these files may be older than what was just built.
COPY migrations migrations
COPY docs/openapi.json docs/
COPY src src
RUN touch src/lib.rs src/main.rs && deploy/static-binary

# The binary, the certificates that it trusts, and nothing else: no shell, no libraries, no users.
FROM scratch
LABEL org.opencontainers.image.title="phone-auth" \
    org.opencontainers.image.description="Sign-in by phone number for mobile apps and single-page apps" \
    org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /src/target/static/phone-auth /usr/local/bin/
# The OpenSSL within looks nowhere by itself.
ENV PATH=/usr/local/bin \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    LISTEN_ADDR=0.0.0.0:8080
# A number, so that an orchestrator can see that it is not root.
USER 10001:10001
EXPOSE 8080
# On it the instance answers what is under way, ten seconds at most, and ends.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s CMD ["phone-auth", "healthcheck"]
ENTRYPOINT ["phone-auth"]
