// Everything of BlazeDB in one include. Each concept has a header of its own, which is also its manual.
#pragma once

#include "blazedb/conflict.h"
#include "blazedb/cross_app.h"
#include "blazedb/database.h"
#include "blazedb/error.h"
#include "blazedb/export_policy.h"
#include "blazedb/local_peers.h"
#include "blazedb/record.h"
#include "blazedb/records.h"
#include "blazedb/remote.h"
#include "blazedb/removed_record.h"
#include "blazedb/subscription.h"
#include "blazedb/sync_role.h"
#include "blazedb/token.h"
#include "blazedb/topology.h"
#include "blazedb/uuid.h"
#include "blazedb/value.h"
