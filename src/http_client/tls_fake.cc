#include "http_client/tls_fake.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/check.h"

namespace sluice::http_client {

struct TlsFake::Context {
  SSL_CTX* ssl = SSL_CTX_new(TLS_server_method());
  ~Context() { SSL_CTX_free(ssl); }
};

struct TlsFake::Connection::Session {
  SSL* ssl = nullptr;
  ~Session() { SSL_free(ssl); }
};

TlsFake::TlsFake() : context_(std::make_unique<Context>()) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  SLUICE_CHECK(key != nullptr && certificate != nullptr, "OpenSSL creates keys");
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86'400);
  X509_set_pubkey(certificate, key);
  X509_NAME* const name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("scripted"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509V3_CTX v3;
  X509V3_set_ctx_nodb(&v3);
  X509V3_set_ctx(&v3, certificate, certificate, nullptr, nullptr, 0);
  for (const auto& [nid, value] : {std::pair(NID_subject_alt_name, "IP:127.0.0.1,DNS:sluice.localhost"),
                                   std::pair(NID_basic_constraints, "CA:TRUE")}) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &v3, nid, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  SLUICE_CHECK(X509_sign(certificate, key, EVP_sha256()) > 0, "a key of ours signs");
  SLUICE_CHECK(
      SSL_CTX_use_certificate(context_->ssl, certificate) == 1 && SSL_CTX_use_PrivateKey(context_->ssl, key) == 1,
      "the certificate is of that key");
  BIO* const memory = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(memory, certificate);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory, &text);
  certificate_pem_.assign(text, static_cast<std::size_t>(size));
  BIO_free(memory);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

TlsFake::~TlsFake() = default;

TlsFake::Connection::Connection(const TlsFake& fake, int socket) : session_(std::make_unique<Session>()) {
  session_->ssl = SSL_new(fake.context_->ssl);
  SSL_set_fd(session_->ssl, socket);
}

TlsFake::Connection::~Connection() = default;

bool TlsFake::Connection::handshake() { return SSL_accept(session_->ssl) == 1; }

std::size_t TlsFake::Connection::read(char* into, std::size_t size) {
  const int n = SSL_read(session_->ssl, into, static_cast<int>(size));
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

bool TlsFake::Connection::write(const std::string& bytes) {
  return bytes.empty() || SSL_write(session_->ssl, bytes.data(), static_cast<int>(bytes.size())) > 0;
}

bool TlsFake::Connection::resumed() const { return SSL_session_reused(session_->ssl) == 1; }

}  // namespace sluice::http_client
