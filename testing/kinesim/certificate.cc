#include "kinesim/certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <memory>

namespace kinesim {
namespace {

constexpr long kDays = 365;

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;

bool add_extension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

Certificate self_signed(EVP_PKEY* key) {
  Certificate certificate(X509_new());
  X509* x = certificate.get();
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x), static_cast<long>(std::time(nullptr)));
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), kDays * 24 * 3600);
  X509_set_pubkey(x, key);
  X509_NAME* name = X509_get_subject_name(x);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("kinesim"), -1, -1, 0);
  X509_set_issuer_name(x, name);
  const bool complete = add_extension(x, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1") &&
                        add_extension(x, NID_basic_constraints, "critical,CA:TRUE") &&
                        add_extension(x, NID_key_usage, "critical,digitalSignature,keyCertSign") &&
                        X509_sign(x, key, EVP_sha256()) > 0;
  return complete ? std::move(certificate) : nullptr;
}

template <typename Write>
bool write_file(const std::string& path, Write&& write) {
  std::FILE* file = std::fopen(path.c_str(), "we");
  if (file == nullptr) return false;
  const bool written = write(file);
  return std::fclose(file) == 0 && written;
}

}  // namespace

sluice::Result<CertificateFiles> make_certificate(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return sluice::fail("expected to make the folder " + folder + " for the certificate, but: " + error.message());
  CertificateFiles files{folder + "/kinesim-cert.pem", folder + "/kinesim-key.pem"};
  if (std::filesystem::exists(files.certificate) && std::filesystem::exists(files.private_key)) return files;

  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = key ? self_signed(key.get()) : nullptr;
  if (!certificate) return sluice::fail("OpenSSL could not make a self-signed certificate.");
  const mode_t before = umask(077);
  const bool written =
      write_file(files.private_key,
                 [&](std::FILE* file) {
                   return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
                 }) &&
      write_file(files.certificate, [&](std::FILE* file) { return PEM_write_X509(file, certificate.get()) == 1; });
  umask(before);
  if (!written) return sluice::fail("expected to write the certificate into " + folder + ", but could not.");
  return files;
}

}  // namespace kinesim
