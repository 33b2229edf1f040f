package discovery

import (
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// The methods of a registry that is a service: what its clients and it have in common.
const (
	registerMethod jacinth.Name[registerParams, jacinth.None] = "registry.register"
	renewMethod    jacinth.Name[renewParams, jacinth.None]    = "registry.renew"
	leaveMethod    jacinth.Name[leaveParams, jacinth.None]    = "registry.leave"
	listMethod     jacinth.Name[listParams, view]             = "registry.list"
	watchMethod    jacinth.Name[watchParams, view]            = "registry.watch"
	statusMethod   jacinth.Name[jacinth.None, status]         = "registry.status"
)

// The scopes of tokens: one to call the methods of a registry at all, and one for each name that is registered.
const (
	readScope  = "registry:read"
	writeScope = "registry:write:" // and the name, or a pattern such as workers.*
)

// The codes of failures that only a registry has.
const (
	// LeaseOver says that an instance was forgotten, has left, or was registered anew. The data has the number of its
	// last lease that is known.
	LeaseOver jacinth.Code = 1 //nolint:errname // a Code is an error, and named as one
	// RegistryFull says that the registry takes no more instances, or no more names.
	RegistryFull jacinth.Code = 2 //nolint:errname // as above
)

// maxWait is the longest that registry.watch waits for a change.
const maxWait = 30 * time.Second

type registerParams struct {
	ID      string    `json:"id" maxLength:"128" doc:"Of this run of the service and no other."`
	Service string    `json:"service" maxLength:"128" doc:"The name of the service."`
	URL     string    `json:"url" maxLength:"512" doc:"Where others call the instance, such as http://10.0.0.7:8000/api."`
	Version string    `json:"version" default:"" maxLength:"64" doc:"Of the service."`
	Ready   bool      `json:"ready" default:"true" doc:"Whether the instance welcomes calls."`
	Since   time.Time `json:"since" default:"0001-01-01T00:00:00Z" doc:"When the instance started."`
	Epoch   int64     `json:"epoch" min:"1" max:"9007199254740991" doc:"The number of this lease of the instance, above that of every lease of it before."`
}

type renewParams struct {
	ID      string `json:"id" maxLength:"128" doc:"Of the instance."`
	Service string `json:"service" maxLength:"128" doc:"The name of the service."`
	Epoch   int64  `json:"epoch" doc:"The number of the lease."`
	Ready   bool   `json:"ready" default:"true" doc:"Whether the instance welcomes calls."`
}

type leaveParams struct {
	ID      string `json:"id" maxLength:"128" doc:"Of the instance."`
	Service string `json:"service" maxLength:"128" doc:"The name of the service."`
	Epoch   int64  `json:"epoch" doc:"The number of the lease."`
}

type listParams struct {
	Service string `json:"service" default:"*" doc:"The name of a service, a pattern such as workers.*, or * for all of them."`
}

type watchParams struct {
	Service  string `json:"service" doc:"The name of a service, a pattern such as workers.*, or * for all of them."`
	Revision int64  `json:"revision" default:"0" doc:"What the last answer said; 0 at first."`
	WaitMS   int64  `json:"waitMs" default:"20000" min:"0" max:"30000" doc:"How long to wait for another revision."`
}

// known is the data of LeaseOver.
type known struct {
	Epoch int64 `json:"epoch"`
}

// status is what there is to say of a registry as a whole.
type status struct {
	Services  int  `json:"services" doc:"Names that have instances, or had some within the last minute."`
	Instances int  `json:"instances" doc:"Of all services."`
	Watchers  int  `json:"watchers" doc:"Calls that wait for a change."`
	Frozen    bool `json:"frozen" doc:"More than half of all instances fell silent at once, and none is forgotten for now."`
	Settled   bool `json:"settled" doc:"The registry runs for so long that every instance had the time to register."`
}
