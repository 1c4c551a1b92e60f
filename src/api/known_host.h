// Whether the admin port answers to a Host header. A web page of another site can make a browser call any address by a
// name of its own that resolves to it (DNS rebinding): names that anyone could register are therefore refused until the
// owner lists them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::api {

// `host` as in the header, with or without a port. Known without being listed: addresses; names without a dot, and
// names below .localhost, .local, .internal, .svc, .home.arpa and .test, which nobody can register (RFC 2606, 6761,
// 6762, 8375, ICANN's reservation of .internal). `listed`: names; "*": any.
bool host_is_known(std::string_view host, const std::vector<std::string>& listed);

}  // namespace sluice::api
