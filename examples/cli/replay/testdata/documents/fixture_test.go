// Package documents_test receives the block of Go code when it is tested.
package documents_test

import "github.com/remsyshq/agento-go/internal/test/documents"

var setups map[string]func(*documents.Service)
