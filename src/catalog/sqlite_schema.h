// The steps from each version of the catalog's schema to the next. A step is never changed once released: add one.
#pragma once

#include <array>

namespace sluice::catalog {

inline constexpr std::array kSchemaSteps = {
    // 1: documents by kind and id, and the audit log.
    R"sql(
      CREATE TABLE document (
        kind INTEGER NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL, json TEXT NOT NULL,
        PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID;
      CREATE TABLE audit (
        sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at_ms INTEGER NOT NULL, member TEXT NOT NULL,
        action TEXT NOT NULL, target TEXT NOT NULL, title TEXT NOT NULL, comment TEXT NOT NULL,
        before TEXT NOT NULL, after TEXT NOT NULL) STRICT;
      CREATE INDEX audit_by_time ON audit (at_ms);
    )sql",
    // 2: what was exported, by the hour.
    R"sql(
      CREATE TABLE usage (
        hour_ms INTEGER NOT NULL, destination TEXT NOT NULL, kind TEXT NOT NULL, project TEXT NOT NULL,
        environment TEXT NOT NULL, events INTEGER NOT NULL,
        PRIMARY KEY (hour_ms, destination, kind)) STRICT, WITHOUT ROWID;
    )sql",
};

}  // namespace sluice::catalog
