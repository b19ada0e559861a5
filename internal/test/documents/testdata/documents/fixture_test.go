package documents_test

import "github.com/remsyshq/agento-go/internal/test/documents"

var setups map[string]func(*documents.Service)
