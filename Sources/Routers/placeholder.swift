// Routers
