#include "kinesim/sigv4_verifier.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <vector>

#include "base/hex.h"

namespace kinesim {
namespace {

constexpr std::string_view kS3 = "s3";
constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t kKeptKeys = 1024;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void append_encoded(std::string& out, char c) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  if (unreserved(c)) {
    out += c;
    return;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

// The path, normalised, each segment encoded once more than it was sent (all services but S3).
std::string canonical_path(std::string_view path) {
  if (path.empty() || path == "/") return "/";
  std::vector<std::string_view> segments;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    const std::string_view segment = path.substr(at, slash - at);
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
    at = slash + 1;
  }
  std::string out;
  for (const auto segment : segments) {
    out += '/';
    for (const char c : segment) append_encoded(out, c);
  }
  if (out.empty() || path.back() == '/') out += '/';
  return out;
}

std::string recoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && sluice::hex_value(text[i + 1]) >= 0 &&
        sluice::hex_value(text[i + 2]) >= 0) {
      append_encoded(out, static_cast<char>(sluice::hex_value(text[i + 1]) * 16 + sluice::hex_value(text[i + 2])));
      i += 2;
    } else {
      append_encoded(out, text[i]);
    }
  }
  return out;
}

// S3's: each segment decoded and encoded once, nothing normalised, because "a//b" and "a/../b" are names of objects.
std::string canonical_object_path(std::string_view path) {
  if (path.empty()) return "/";
  std::string out;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    out += recoded(path.substr(at, slash - at));
    if (slash < path.size()) out += '/';
    at = slash + 1;
  }
  return out;
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  for (std::size_t at = 0; at < query.size();) {
    const std::size_t end = std::min(query.find('&', at), query.size());
    const std::string_view parameter = query.substr(at, end - at);
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    if (!parameter.empty())
      parameters.emplace_back(recoded(parameter.substr(0, equals)),
                              equals < parameter.size() ? recoded(parameter.substr(equals + 1)) : std::string());
    at = end + 1;
  }
  std::sort(parameters.begin(), parameters.end());
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

void append_header_value(std::string& out, std::string_view value) {
  bool space = false;
  for (const char c : trimmed(value)) {
    if (c == ' ' || c == '\t') {
      space = true;
      continue;
    }
    if (space) out += ' ';
    space = false;
    out += c;
  }
}

std::string scope(const Authorization& authorization) {
  return std::string(authorization.date) + "/" + std::string(authorization.region) + "/" +
         std::string(authorization.service) + "/aws4_request";
}

}  // namespace

sluice::Result<Authorization> parse_authorization(std::string_view header) {
  const std::string_view text = trimmed(header);
  if (text.substr(0, text.find(' ')) != kAlgorithm)
    return sluice::fail("Unsupported AWS 'algorithm': '" + std::string(text.substr(0, text.find(' '))) +
                        "', expected 'AWS4-HMAC-SHA256'.");
  Authorization out;
  std::string_view credential;
  std::string_view rest = text.substr(kAlgorithm.size());
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view field = trimmed(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const std::size_t equals = std::min(field.find('='), field.size());
    const std::string_view name = field.substr(0, equals);
    const std::string_view value = equals < field.size() ? field.substr(equals + 1) : std::string_view{};
    if (name == "Credential") credential = value;
    if (name == "SignedHeaders") out.signed_headers = value;
    if (name == "Signature") out.signature = value;
  }
  std::string missing;
  if (credential.empty()) missing += "Authorization header requires 'Credential' parameter. ";
  if (out.signature.empty()) missing += "Authorization header requires 'Signature' parameter. ";
  if (out.signed_headers.empty()) missing += "Authorization header requires 'SignedHeaders' parameter. ";
  if (!missing.empty()) return sluice::fail(missing + "Authorization=" + std::string(kAlgorithm));

  std::array<std::string_view, 5> parts;
  std::size_t count = 0;
  for (std::size_t at = 0; at <= credential.size(); ++count) {
    const std::size_t slash = std::min(credential.find('/', at), credential.size());
    if (count < parts.size()) parts[count] = credential.substr(at, slash - at);
    at = slash + 1;
  }
  if (count != parts.size() || parts[4] != "aws4_request")
    return sluice::fail(
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '" +
        std::string(credential) + "'");
  out.access_key = parts[0];
  out.date = parts[1];
  out.region = parts[2];
  out.service = parts[3];
  return out;
}

const Sha256& SigningKeys::key(const Authorization& authorization, std::string_view secret) {
  const std::string name = std::string(authorization.access_key) + "/" + scope(authorization);
  const auto found = entries_.find(name);
  if (found != entries_.end() && found->second.secret == secret) return found->second.key;
  if (entries_.size() >= kKeptKeys) entries_.clear();
  const Sha256 date = hmac_sha256("AWS4" + std::string(secret), authorization.date);
  const Sha256 region = hmac_sha256(as_text(date), authorization.region);
  const Sha256 service = hmac_sha256(as_text(region), authorization.service);
  const Sha256 key = hmac_sha256(as_text(service), "aws4_request");
  return (entries_[name] = Entry{std::string(secret), key}).key;
}

std::string canonical_request(const Request& request, std::string_view service, std::string_view signed_headers,
                              std::string_view body_hash) {
  std::string out;
  out.reserve(512);
  out.append(request.method).append("\n");
  out.append(service == kS3 ? canonical_object_path(request.path) : canonical_path(request.path)).append("\n");
  out.append(canonical_query(request.query)).append("\n");
  for (std::size_t at = 0; at <= signed_headers.size();) {
    const std::size_t end = std::min(signed_headers.find(';', at), signed_headers.size());
    const std::string_view name = signed_headers.substr(at, end - at);
    out.append(name).append(":");
    append_header_value(out, request.header(name));
    out.append("\n");
    at = end + 1;
  }
  out.append("\n").append(signed_headers).append("\n").append(body_hash);
  return out;
}

std::string expected_signature(const Request& request, const Authorization& authorization, std::string_view amz_date,
                               const Sha256& signing_key) {
  // S3 signs what the header says of the body, which is compared with the body apart from the signature.
  const std::string body_hash =
      authorization.service == kS3 ? std::string(request.header("x-amz-content-sha256")) : hex(sha256(request.body));
  const std::string canonical =
      canonical_request(request, authorization.service, authorization.signed_headers, body_hash);
  std::string to_sign;
  to_sign.append(kAlgorithm).append("\n").append(amz_date).append("\n").append(scope(authorization)).append("\n");
  to_sign.append(hex(sha256(canonical)));
  return hex(hmac_sha256(as_text(signing_key), to_sign));
}

std::optional<std::int64_t> parse_amz_date(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t digits) {
    int value = 0;
    for (std::size_t i = at; i < at + digits; ++i) {
      if (text[i] < '0' || text[i] > '9') return -1;
      value = value * 10 + (text[i] - '0');
    }
    return value;
  };
  std::tm time{};
  time.tm_year = number(0, 4) - 1900;
  time.tm_mon = number(4, 2) - 1;
  time.tm_mday = number(6, 2);
  time.tm_hour = number(9, 2);
  time.tm_min = number(11, 2);
  time.tm_sec = number(13, 2);
  if (time.tm_year < 70 || time.tm_mon < 0 || time.tm_mon > 11 || time.tm_mday < 1 || time.tm_mday > 31 ||
      time.tm_hour < 0 || time.tm_hour > 23 || time.tm_min < 0 || time.tm_min > 59 || time.tm_sec < 0 ||
      time.tm_sec > 60)
    return std::nullopt;
  return static_cast<std::int64_t>(timegm(&time)) * 1000;
}

std::string amz_date(std::int64_t wall_ms) {
  const std::time_t seconds = wall_ms / 1000;
  std::tm time{};
  gmtime_r(&seconds, &time);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &time);
  return std::string(text, size);
}

bool names_header(std::string_view list, std::string_view name) {
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(';', at), list.size());
    if (list.substr(at, end - at) == name) return true;
    at = end + 1;
  }
  return false;
}

bool equal_secrets(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace kinesim
