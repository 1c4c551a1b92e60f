#include "aws/sigv4.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <vector>

#include "aws/endpoints.h"
#include "base/hex.h"
#include "base/text.h"
#include "http_client/url.h"

namespace sluice::aws {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void encode_into(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kHexDigitsUpper[byte >> 4];
  out += kHexDigitsUpper[byte & 15];
}

// RFC 3986 6.2.2.3: dot segments removed, slashes in a row made one.
std::string normalized_path(std::string_view path) {
  std::vector<std::string_view> segments;
  std::size_t from = 0;
  while (from <= path.size()) {
    const std::size_t slash = std::min(path.find('/', from), path.size());
    const std::string_view segment = path.substr(from, slash - from);
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
    from = slash + 1;
  }
  std::string out;
  for (const std::string_view segment : segments) {
    out += '/';
    out += segment;
  }
  if (out.empty() || path.ends_with('/')) out += '/';
  return out;
}

// A percent sign of the path as sent is encoded once more: every service but S3 wants it so.
std::string canonical_path(std::string_view path) {
  std::string out;
  for (const char c : normalized_path(path)) {
    if (unreserved(c) || c == '/') {
      out += c;
    } else {
      encode_into(out, c);
    }
  }
  return out;
}

// Percent-encoded once: what is encoded stays, with digits in upper case.
std::string encoded_once(std::string_view part, bool with_slashes) {
  std::string out;
  for (std::size_t i = 0; i < part.size(); ++i) {
    const char c = part[i];
    if (c == '%' && i + 2 < part.size() && hex_value(part[i + 1]) >= 0 && hex_value(part[i + 2]) >= 0) {
      out += c;
      for (const std::size_t digit : {i + 1, i + 2}) {
        out += static_cast<char>(part[digit] >= 'a' ? part[digit] - 'a' + 'A' : part[digit]);
      }
      i += 2;
    } else if (unreserved(c) || (with_slashes && c == '/')) {
      out += c;
    } else {
      encode_into(out, c);
    }
  }
  return out;
}

std::string canonical_query_part(std::string_view part) { return encoded_once(part, false); }

std::string canonical_path_as_sent(std::string_view path) { return path.empty() ? "/" : encoded_once(path, true); }

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  std::size_t from = 0;
  while (from < query.size()) {
    const std::size_t end = std::min(query.find('&', from), query.size());
    const std::string_view parameter = query.substr(from, end - from);
    from = end + 1;
    if (parameter.empty()) continue;
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    parameters.emplace_back(canonical_query_part(parameter.substr(0, equals)),
                            canonical_query_part(parameter.substr(std::min(equals + 1, parameter.size()))));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out += '&';
    out += name;
    out += '=';
    out += value;
  }
  return out;
}

// Spaces at both ends dropped, and in a row made one.
std::string canonical_header_value(std::string_view value) {
  std::string out;
  bool gap = false;
  for (const char c : value) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      gap = !out.empty();
    } else {
      if (gap) out += ' ';
      gap = false;
      out += c;
    }
  }
  return out;
}

std::string scope_text(std::string_view date, std::string_view region, std::string_view service) {
  std::string out(date);
  for (const std::string_view part : {region, service, std::string_view("aws4_request")}) {
    out += '/';
    out += part;
  }
  return out;
}

std::string_view view_of(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// Headers that libcurl or a proxy on the way sets or changes.
bool signable(std::string_view lower_case_name) {
  static constexpr std::array<std::string_view, 13> kNotSigned = {
      "authorization",       "connection", "content-length", "expect",  "keep-alive",        "proxy-authenticate",
      "proxy-authorization", "te",         "trailer",        "upgrade", "transfer-encoding", "user-agent",
      "x-amzn-trace-id"};
  return std::find(kNotSigned.begin(), kNotSigned.end(), lower_case_name) == kNotSigned.end();
}

struct UrlParts {
  std::string_view path;
  std::string_view query;
};
UrlParts parts_of(std::string_view url) {
  url = url.substr(0, url.find('#'));
  const std::size_t scheme = url.find("://");
  const std::size_t path = url.find_first_of("/?", scheme == std::string_view::npos ? 0 : scheme + 3);
  if (path == std::string_view::npos) return {"/", {}};
  const std::size_t question = url.find('?', path);
  if (question == std::string_view::npos) return {url.substr(path), {}};
  return {url.substr(path, question - path), url.substr(question + 1)};
}

}  // namespace

const Sha256Digest& SigningKeyCache::key(std::string_view secret_access_key, std::string_view date_8_digits,
                                         std::string_view region, std::string_view service) {
  std::string name(secret_access_key);
  name += '\n';
  name += scope_text(date_8_digits, region, service);
  for (const Entry& entry : entries_) {
    if (entry.name == name) return entry.key;
  }
  Entry& entry = entries_[next_++ % kEntries];
  Sha256Digest key = hmac_sha256("AWS4" + std::string(secret_access_key), date_8_digits);
  for (const std::string_view part : {region, service, std::string_view("aws4_request")}) {
    key = hmac_sha256(view_of(key), part);
  }
  entry.name = std::move(name);
  entry.key = key;
  return entry.key;
}

CanonicalRequest canonical_request(const CanonicalInput& input) {
  std::vector<std::pair<std::string, std::string>> headers;
  headers.reserve(input.headers.size());
  for (const auto& [name, value] : input.headers) headers.emplace_back(lower(name), canonical_header_value(value));
  // Stable: values of one name stay in the order in which they are sent.
  std::stable_sort(headers.begin(), headers.end(), [](const auto& a, const auto& b) { return a.first < b.first; });

  CanonicalRequest out;
  std::string lines;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (i > 0 && headers[i].first == headers[i - 1].first) {
      lines.back() = ',';
    } else {
      if (i > 0) out.signed_headers += ';';
      out.signed_headers += headers[i].first;
      lines += headers[i].first;
      lines += ':';
    }
    lines += headers[i].second;
    lines += '\n';
  }
  out.text.reserve(lines.size() + input.path.size() + input.query.size() + 192);
  out.text += input.method;
  out.text += '\n';
  out.text += input.path_as_sent ? canonical_path_as_sent(input.path) : canonical_path(input.path);
  out.text += '\n';
  out.text += canonical_query(input.query);
  out.text += '\n';
  out.text += lines;
  out.text += '\n';
  out.text += out.signed_headers;
  out.text += '\n';
  out.text += input.payload_sha256_hex;
  return out;
}

std::string string_to_sign(const SigningScope& scope, std::string_view canonical_request_text) {
  const std::string date = amz_date(scope.wall_ms);
  std::string out(kAlgorithm);
  out += '\n';
  out += date;
  out += '\n';
  out += scope_text(std::string_view(date).substr(0, 8), scope.region, scope.service);
  out += '\n';
  out += sha256_hex(canonical_request_text);
  return out;
}

std::string authorization(const CanonicalInput& input, const SigningScope& scope, const Credentials& credentials,
                          SigningKeyCache& keys) {
  const std::string date = amz_date(scope.wall_ms);
  const std::string_view day = std::string_view(date).substr(0, 8);
  const CanonicalRequest canonical = canonical_request(input);
  const Sha256Digest& key = keys.key(credentials.secret_access_key, day, scope.region, scope.service);
  std::string out(kAlgorithm);
  out += " Credential=";
  out += credentials.access_key_id;
  out += '/';
  out += scope_text(day, scope.region, scope.service);
  out += ", SignedHeaders=";
  out += canonical.signed_headers;
  out += ", Signature=";
  out += hex_of(hmac_sha256(view_of(key), string_to_sign(scope, canonical.text)));
  return out;
}

std::string amz_date(std::int64_t wall_ms) {
  const auto seconds = static_cast<std::time_t>(wall_ms / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc)};
}

void sign_request(http_client::HttpRequest& request, std::string_view payload_sha256_hex, const SigningScope& scope,
                  const Credentials& credentials, SigningKeyCache& keys) {
  const bool of_objects = scope.of_objects;
  std::erase_if(request.headers, [of_objects](const auto& header) {
    return equals_ignoring_case(header.first, "authorization") || equals_ignoring_case(header.first, "x-amz-date") ||
           equals_ignoring_case(header.first, "x-amz-security-token") ||
           (of_objects && equals_ignoring_case(header.first, "x-amz-content-sha256"));
  });
  request.headers.emplace_back("x-amz-date", amz_date(scope.wall_ms));
  if (!credentials.session_token.empty()) {
    request.headers.emplace_back("x-amz-security-token", credentials.session_token);
  }
  if (of_objects) request.headers.emplace_back("x-amz-content-sha256", payload_sha256_hex);
  std::vector<std::pair<std::string, std::string>> to_sign;
  bool has_host = false;
  for (const auto& [name, value] : request.headers) {
    std::string lower_name = lower(name);
    has_host = has_host || lower_name == "host";
    if (signable(lower_name)) to_sign.emplace_back(std::move(lower_name), value);
  }
  if (!has_host) to_sign.emplace_back("host", http_client::host_header_of(request.url));
  const UrlParts url = parts_of(request.url);
  request.headers.emplace_back(
      "authorization", authorization({request.method, url.path, url.query, to_sign, payload_sha256_hex, of_objects},
                                     scope, credentials, keys));
}

}  // namespace sluice::aws
