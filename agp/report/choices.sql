select (select list(distinct author order by author) from exchanges) as authors,
       (select list(distinct project order by project) from sessions where project is not null)
           as projects
