/** On top of Swagger UI's own style sheet. Takes away choices that have one answer, and the column of links: there are none. */
export const DOCS_STYLE = `
.swagger-ui .servers-title, .swagger-ui .servers { display: none }
.swagger-ui .scheme-container { padding: 12px 0; box-shadow: none; border-bottom: 1px solid #d8dde7 }
.swagger-ui .info { margin: 32px 0 24px }
.swagger-ui .info .title { font-weight: 700 }
.swagger-ui .info .markdown p, .swagger-ui .info .renderedMarkdown p { max-width: 80ch; margin: 1em 0; line-height: 1.5 }
.swagger-ui .markdown code, .swagger-ui .renderedMarkdown code { color: #1b3a57; font-weight: 500 }
.swagger-ui .response-control-media-type:has(option:only-child) { display: none }
.swagger-ui .response-control-examples:has(option:only-child) { display: none }
.swagger-ui .responses-table .response-col_links { display: none }
.swagger-ui textarea.body-param__text { min-height: 120px }
`

/** A key. */
export const DOCS_FAVICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="7" fill="#1b3a57"/>
<g fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round"><circle cx="11" cy="16" r="5"/><path d="M16 16h10m-4 0v4m4-4v3"/></g>
</svg>`
