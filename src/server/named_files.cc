#include "server/named_files.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "base/text.h"
#include "base/text_file.h"
#include "server/management.h"

namespace sluice::server {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBundleBytes = 64u << 20;

// As libcurl reads it.
std::string fault_of_bundle(const std::string& path) {
  constexpr const char* kFix = "Expected a PEM file of certificate authorities. Fix the path or the file.";
  if (const auto text = read_text_file(path, kMaxBundleBytes); !text)
    return fmt::format("The certificate authorities cannot be read: {}. {}", text.error().message, kFix);
  const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(), &X509_STORE_free);
  const bool usable = store && X509_STORE_load_locations(store.get(), path.c_str(), nullptr) == 1;
  ERR_clear_error();
  return usable ? "" : fmt::format("{} has no certificate that can be read. {}", path, kFix);
}

std::string fault_of_data_directory(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_directory(status))
    return fmt::format("{} is a file; expected a directory. Choose another.", path);
  // What is not there is created, in the nearest folder that is.
  fs::path folder = fs::absolute(path, error);
  while (!fs::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
  if (!fs::is_directory(folder, error)) return fmt::format("{} is a file; expected a directory.", folder.string());
  if (::access(folder.c_str(), R_OK | W_OK | X_OK) == 0) return "";
  return fmt::format("{} cannot be used: {}. Choose another, or fix its permissions.", folder.string(),
                     std::generic_category().message(errno));
}

}  // namespace

void check_named_files(const ServerSettings& settings, bool managed, const ProcessEnvironment& environment,
                       config::ConfigFaults& faults) {
  const auto add = [&](std::string place, const std::string& fault) {
    if (!fault.empty()) faults.add(std::move(place), fault);
  };
  add("data_dir", fault_of_data_directory(settings.data_dir));
  for (const auto& [section, tls] : {std::pair{"intake", &settings.intake_tls}, {"admin", &settings.admin_tls}}) {
    if (tls->certificate_file.empty()) continue;
    const auto usable = http::check_tls(*tls);
    if (usable) continue;
    const bool of_key = usable.error().message.starts_with("The TLS private key");
    add(fmt::format("{}.tls_{}", section, of_key ? "key" : "certificate"), usable.error().message);
  }
  if (managed)
    if (const auto cipher = catalog_cipher(settings); !cipher) add("catalog.key_file", cipher.error().message);
  const auto bundle = environment("AWS_CA_BUNDLE");
  if (!settings.ca_bundle.empty())
    add("aws.ca_bundle", fault_of_bundle(settings.ca_bundle));
  else if (bundle && !bundle->empty())
    add("variable AWS_CA_BUNDLE", fault_of_bundle(*bundle));
}

}  // namespace sluice::server
