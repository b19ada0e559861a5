package agento

// SwarmsService groups agents that share knowledge and credentials.
type SwarmsService struct{ core *core }
